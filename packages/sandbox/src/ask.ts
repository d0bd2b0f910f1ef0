import type { Countable } from './count.ts';
import type { SandboxModel } from './models.ts';

export type Body = Readonly<Record<string, unknown>>;

/** A function tool, the same from every dialect; `param` is where its schema stands, named in an error. */
export type Tool = { readonly name: string; readonly parameters: unknown; readonly param: string };
export type ToolChoice = 'none' | 'auto' | 'required' | { readonly name: string };
export type Format =
  | { readonly type: 'text' }
  | { readonly type: 'json_object' }
  | { readonly type: 'json_schema'; readonly schema: unknown; readonly param: string };

/** Which lifetimes of prompt cache a request asks to write. */
export type CacheWrites = { readonly fiveMinutes: boolean; readonly oneHour: boolean };

/** A valid request, the same from every dialect. */
export type Ask = {
  readonly model: SandboxModel;
  readonly body: Body;
  readonly stream: boolean;
  /** Chat only: the caller asked for the usage frame. */
  readonly includeUsage: boolean;
  readonly choices: number;
  /** The output limit that was sent, tokens per choice; absent when none was. */
  readonly limit: number | undefined;
  readonly stop: readonly string[];
  readonly tools: readonly Tool[];
  readonly toolChoice: ToolChoice;
  readonly parallelTools: boolean;
  readonly format: Format;
  /** Whether a model that can reason does so now: OpenAI's always do, Anthropic's where `thinking` says so. */
  readonly reasons: boolean;
  readonly cacheWrites: CacheWrites;
  /** The last message is a user's, so that a model with tools would now call one. */
  readonly userSpokeLast: boolean;
  /** What is billed as input. */
  readonly counted: Countable;
};

export const NO_CACHE_WRITES: CacheWrites = { fiveMinutes: false, oneHour: false };

export function isObject(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Absent and null are the same to every API. */
export function given(value: unknown): boolean {
  return value !== undefined && value !== null;
}
