import { TallyError } from '@tallystick/core';

/** Where in a body a value stands: field names and array indexes from the top. */
export type Path = readonly (string | number)[];

/** The most characters of caller-chosen names that an error text may carry. */
export const NAME_CHARS_MAX = 64;

/**
 * `messages[0].content[1].image_url`, for error texts: characters outside a plain set become `?`, and of a long path only the end
 * is kept. Names are chosen by the caller, so they may hold anything, and error texts end up in logs and terminals.
 */
export function renderPath(path: Path): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else text += (text === '' ? '' : '.') + sanitise(part);
  }
  if (text === '') return 'body';
  return text.length <= NAME_CHARS_MAX ? text : `…${text.slice(text.length - NAME_CHARS_MAX + 1)}`;
}

function sanitise(name: string): string {
  if (name === '') return '?';
  return name.slice(0, NAME_CHARS_MAX).replace(/[^A-Za-z0-9_$-]/g, '?');
}

/** @param what completes "The body is not valid JSON at byte N: …". */
export function bodyInvalid(offset: number, what: string): TallyError {
  return new TallyError('BODY_INVALID', `The body is not valid at byte ${offset}: ${what}.`, { offset });
}

/** @param what completes "`field` …". */
export function fieldInvalid(path: Path, what: string): TallyError {
  const field = renderPath(path);
  return new TallyError('FIELD_INVALID', `\`${field}\` ${what}.`, { field });
}

export function fieldNotAllowed(path: Path, reason: string): TallyError {
  const field = renderPath(path);
  return new TallyError('FIELD_NOT_ALLOWED', `\`${field}\` is not allowed: ${reason}.`, { field });
}
