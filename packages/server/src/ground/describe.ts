import { TallyError } from '@tallystick/core';

/** What is logged of an unexpected error: its code, or its name and where it was thrown, never its message, which could hold input. */
export function describe(cause: unknown): string {
  if (cause instanceof TallyError) return cause.code;
  if (!(cause instanceof Error)) return typeof cause;
  const frame = /\n\s+at ([^\n(]*)/.exec(cause.stack ?? '')?.[1] ?? '';
  return `${cause.name} ${frame}`.trim().slice(0, 200);
}
