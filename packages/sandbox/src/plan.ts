import { createHash } from 'node:crypto';
import type { Ask, CacheWrites } from './ask.ts';
import { inputTokens } from './count.ts';
import type { ApiError } from './errors.ts';
import type { SandboxModel } from './models.ts';
import { endlessReply, naturalReply, type Random, randomOf, replyOfLength } from './reply.ts';
import { instanceOf } from './schema.ts';
import { countText, cutPieces, type Piece, toPieces } from './tokens.ts';

export type ToolCall = { readonly name: string; readonly args: readonly Piece[] };

/** One finished choice, as it will be sent. */
export type Choice = {
  /** Null where the choice is tool calls. Endless for one model. */
  readonly text: Iterable<Piece> | null;
  readonly calls: readonly ToolCall[];
  /** Tokens of reasoning, inside the output count; {@link thoughtsOf} are their words where a dialect shows them. */
  readonly reasoning: number;
  readonly finish: 'stop' | 'length' | 'tool_calls';
  /** The stop sequence that ended it, if one did. */
  readonly stopped: string | null;
  /** All tokens of the choice, reasoning included. */
  readonly tokens: number;
};

/** Billed tokens of a call. `cached` and `written` are parts of `input`, `reasoning` is a part of `output`. */
export type Billed = {
  readonly input: number;
  readonly cached: number;
  /** Written to the prompt cache, by lifetime. */
  readonly written: { readonly fiveMinutes: number; readonly oneHour: number };
  readonly output: number;
  readonly reasoning: number;
};

export const NOTHING_WRITTEN: Billed['written'] = { fiveMinutes: 0, oneHour: 0 };

/** A whole answer, made before any of it is sent, so that it can be billed first. */
export type Plan = { readonly choices: readonly Choice[]; readonly billed: Billed };

/** What `sandbox-overrun` adds to the limit that it was sent, tokens. */
export const OVERRUN_TOKENS = 64;

/** @throws ApiError `tooLong`'s for an input that fills the window, or a 400 for a schema that cannot be met */
export function planAnswer(ask: Ask, tooLong: (model: SandboxModel) => ApiError): Plan {
  if (ask.model.fixed !== undefined) return fixedPlan(ask, ask.model.fixed);
  const input = inputTokens(ask.model, ask.counted, ask.model.window - 1);
  if (input >= ask.model.window) throw tooLong(ask.model);
  // The window holds input and output together: what is left of it is a limit too.
  const limit = Math.min(ask.limit ?? ask.model.maxOutput, ask.model.window - input);
  const seed = seedOf(ask);
  const choices = Array.from({ length: ask.choices }, (_, index) => choose(ask, limit, randomOf(seed + index)));
  const sum = (of: (choice: Choice) => number) => choices.reduce((total, choice) => total + of(choice), 0);
  const output = sum((choice) => choice.tokens);
  return { choices, billed: { input, ...cacheUse(ask, input), output, reasoning: sum((choice) => choice.reasoning) } };
}

/** `sandbox-cached` reads half of its input from the cache; half of the rest is written where that is asked for, half and half for both lifetimes. */
function cacheUse({ model, cacheWrites }: Ask, input: number): Pick<Billed, 'cached' | 'written'> {
  if (model.behaviour !== 'cached') return { cached: 0, written: NOTHING_WRITTEN };
  const cached = Math.floor(input / 2);
  return { cached, written: split(cacheWrites, Math.floor((input - cached) / 2)) };
}

function split({ fiveMinutes, oneHour }: CacheWrites, tokens: number): Billed['written'] {
  if (fiveMinutes && oneHour) return { fiveMinutes: Math.floor(tokens / 2), oneHour: tokens - Math.floor(tokens / 2) };
  return { fiveMinutes: fiveMinutes ? tokens : 0, oneHour: oneHour ? tokens : 0 };
}

/** What a choice was thinking, where a dialect shows it: sentences of exactly as many tokens as were billed for it. */
export function thoughtsOf({ reasoning }: Choice): Piece[] {
  return replyOfLength(randomOf(reasoning), reasoning);
}

/** The same request gives the same answer; the limit has no part in it, so a lower limit cuts the same text. */
function seedOf(ask: Ask): number {
  const said = JSON.stringify([ask.model.id, ask.counted, ask.body.seed]);
  return createHash('sha256').update(said).digest().readUInt32BE(0);
}

const EMPTY: Choice = { text: null, calls: [], reasoning: 0, finish: 'stop', stopped: null, tokens: 0 };

function choose(ask: Ask, limit: number, random: Random): Choice {
  const { behaviour } = ask.model;
  if (behaviour === 'endless') return { ...EMPTY, text: endlessReply(random), finish: 'length' };
  if (behaviour === 'overrun') return lengthChoice(random, limit + OVERRUN_TOKENS);
  if (behaviour === 'long' || behaviour === 'huge') return lengthChoice(random, limit);
  const reasoning = behaviour === 'reasoning' && ask.reasons ? Math.min(limit, 16 + (random() % 49)) : 0;
  const left = limit - reasoning;
  const called = calledTools(ask);
  return called.length > 0 ? toolChoice(called, random, left, reasoning) : textChoice(ask, random, left, reasoning);
}

function lengthChoice(random: Random, tokens: number): Choice {
  return { ...EMPTY, text: replyOfLength(random, tokens), finish: 'length', tokens };
}

function textChoice(ask: Ask, random: Random, limit: number, reasoning: number): Choice {
  const whole = ask.format.type === 'text' ? naturalReply(random, ask.model.behaviour === 'slow-bytes') : toPieces(jsonReply(ask, random));
  const { pieces, stopped } = stopAt(whole, ask.stop);
  const cut = cutPieces(pieces, limit);
  const tokens = reasoning + cut.tokens;
  if (!cut.whole) return { ...EMPTY, text: cut.pieces, reasoning, finish: 'length', tokens };
  return { ...EMPTY, text: cut.pieces, reasoning, stopped, tokens };
}

function jsonReply(ask: Ask, random: Random): string {
  if (ask.format.type === 'json_schema') return JSON.stringify(instanceOf(ask.format.schema, random, ask.format.param));
  return JSON.stringify({ sandbox: true, note: 'This is sandbox output: no model wrote it.', number: random() % 100 });
}

/** The first stop sequence itself is neither sent nor billed. */
function stopAt(pieces: Piece[], stops: readonly string[]): { pieces: Piece[]; stopped: string | null } {
  const text = pieces.map((piece) => piece.text).join('');
  const found = stops.filter((stop) => stop !== '' && text.includes(stop)).map((stop) => ({ stop, at: text.indexOf(stop) }));
  const first = found.sort((a, b) => a.at - b.at)[0];
  return first === undefined ? { pieces, stopped: null } : { pieces: toPieces(text.slice(0, first.at)), stopped: first.stop };
}

/** Which tools this answer calls: the one that was named or the first; all of them where parallel calls were asked for in so many words. */
function calledTools(ask: Ask): readonly Ask['tools'][number][] {
  const choice = ask.toolChoice;
  if (choice === 'none') return [];
  if (typeof choice === 'object') return ask.tools.filter((tool) => tool.name === choice.name).slice(0, 1);
  // After a tool's result a model answers in words, else the conversation would never end.
  if (choice === 'auto' && !ask.userSpokeLast) return [];
  return ask.parallelTools ? ask.tools : ask.tools.slice(0, 1);
}

/** Bills the name and the arguments of each call. A call whose name does not fit is not begun. */
function toolChoice(tools: Ask['tools'], random: Random, limit: number, reasoning: number): Choice {
  const calls: ToolCall[] = [];
  let tokens = 0;
  for (const tool of tools) {
    const named = countText(tool.name);
    const args = toPieces(JSON.stringify(instanceOf(tool.parameters, random, tool.param)));
    if (tokens + named > limit) return { ...EMPTY, calls, reasoning, finish: 'length', tokens: reasoning + tokens };
    const cut = cutPieces(args, limit - tokens - named);
    calls.push({ name: tool.name, args: cut.pieces });
    tokens += named + cut.tokens;
    if (!cut.whole) return { ...EMPTY, calls, reasoning, finish: 'length', tokens: reasoning + tokens };
  }
  return { ...EMPTY, calls, reasoning, finish: 'tool_calls', tokens: reasoning + tokens };
}

/** The text fits what is billed, so that a reader who counts it agrees. More choices repeat it and cost no more. */
function fixedPlan(ask: Ask, fixed: { readonly input: number; readonly output: number }): Plan {
  const text = fixed.output === 3 ? toPieces('Sandbox answer.') : replyOfLength(randomOf(fixed.output), fixed.output);
  const cut = cutPieces(text, ask.limit ?? fixed.output);
  const choice: Choice = { ...EMPTY, text: cut.pieces, finish: cut.whole ? 'stop' : 'length', tokens: cut.tokens };
  return {
    choices: Array.from({ length: ask.choices }, () => choice),
    billed: { input: fixed.input, cached: 0, written: NOTHING_WRITTEN, output: fixed.output, reasoning: 0 },
  };
}
