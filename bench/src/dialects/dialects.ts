import { ANTHROPIC } from './anthropic.ts';
import type { Dialect, DialectName } from './dialect.ts';
import { GOOGLE } from './google.ts';
import { OPENAI } from './openai.ts';

export const DIALECTS: Readonly<Record<DialectName, Dialect>> = { openai: OPENAI, anthropic: ANTHROPIC, google: GOOGLE };

/** The dialect that a path of the upstream belongs to; null where there is none. */
export function dialectAt(path: string): Dialect | null {
  return Object.values(DIALECTS).find(({ json, stream }) => path === json.path || path === stream.path) ?? null;
}
