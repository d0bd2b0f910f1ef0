import { ERRORS, type ErrorCode, type ErrorFacts, TallyError } from '@tallystick/core';

export type Json = Readonly<Record<string, unknown>>;

/** @returns `{}` for whatever is no object: what is not there is not read. */
export function objectOf(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

export function listOf(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.map(objectOf) : [];
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** @throws UPSTREAM_ERROR */
export function parseEvent(data: string): Json {
  try {
    return objectOf(JSON.parse(data));
  } catch (cause) {
    throw new TallyError('UPSTREAM_ERROR', 'An event of the answer is not JSON.', {}, { cause });
  }
}

/** The gateway's own error again, as far as its catalogue knows the code. */
export function gatewayError(code: unknown, message: unknown, facts: ErrorFacts = {}): TallyError {
  const known: ErrorCode = typeof code === 'string' && code in ERRORS ? (code as ErrorCode) : 'UPSTREAM_ERROR';
  return new TallyError(known, textOf(message) === '' ? undefined : textOf(message), facts);
}
