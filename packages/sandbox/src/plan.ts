import { createHash } from 'node:crypto';
import { type Ask, tooLong } from './ask.ts';
import { countInput } from './count.ts';
import { endlessReply, naturalReply, type Random, randomOf, replyOfLength } from './reply.ts';
import { instanceOf } from './schema.ts';
import { countText, cutPieces, type Piece, toPieces } from './tokens.ts';

export type ToolCall = { readonly name: string; readonly args: readonly Piece[] };

/** One finished choice, as it will be sent. */
export type Choice = {
  /** Null where the choice is tool calls. Endless for one model. */
  readonly text: Iterable<Piece> | null;
  readonly calls: readonly ToolCall[];
  /** Hidden tokens, inside the output count. */
  readonly reasoning: number;
  readonly finish: 'stop' | 'length' | 'tool_calls';
  /** All tokens of the choice, reasoning included. */
  readonly tokens: number;
};

/** Billed tokens of a call. `cached` is a part of `input`, `reasoning` a part of `output`. */
export type Billed = { readonly input: number; readonly cached: number; readonly output: number; readonly reasoning: number };

/** A whole answer, made before any of it is sent, so that it can be billed first. */
export type Plan = { readonly choices: readonly Choice[]; readonly billed: Billed };

/** What `sandbox-overrun` adds to the limit that it was sent, tokens. */
export const OVERRUN_TOKENS = 64;

/** @throws ApiError 400 `context_length_exceeded`, or for a schema that cannot be met */
export function planAnswer(ask: Ask, param: 'messages' | 'input'): Plan {
  if (ask.model.fixed !== undefined) return fixedPlan(ask, ask.model.fixed);
  const input = countInput(ask.counted, ask.model.window - 1);
  if (input >= ask.model.window) throw tooLong(ask.model, param);
  // The window holds input and output together: what is left of it is a limit too.
  const limit = Math.min(ask.limit ?? ask.model.maxOutput, ask.model.window - input);
  const seed = seedOf(ask);
  const choices = Array.from({ length: ask.choices }, (_, index) => choose(ask, limit, randomOf(seed + index)));
  const sum = (of: (choice: Choice) => number) => choices.reduce((total, choice) => total + of(choice), 0);
  const cached = ask.model.behaviour === 'cached' ? Math.floor(input / 2) : 0;
  return { choices, billed: { input, cached, output: sum((choice) => choice.tokens), reasoning: sum((choice) => choice.reasoning) } };
}

/** The same request gives the same answer; the limit has no part in it, so a lower limit cuts the same text. */
function seedOf(ask: Ask): number {
  const said = JSON.stringify([ask.model.id, ask.counted, ask.body.seed]);
  return createHash('sha256').update(said).digest().readUInt32BE(0);
}

function choose(ask: Ask, limit: number, random: Random): Choice {
  const { behaviour } = ask.model;
  if (behaviour === 'endless') return { text: endlessReply(random), calls: [], reasoning: 0, finish: 'length', tokens: 0 };
  if (behaviour === 'overrun') return lengthChoice(random, limit + OVERRUN_TOKENS);
  if (behaviour === 'long' || behaviour === 'huge') return lengthChoice(random, limit);
  const reasoning = behaviour === 'reasoning' ? Math.min(limit, 16 + (random() % 49)) : 0;
  const left = limit - reasoning;
  const called = calledTools(ask);
  return called.length > 0 ? toolChoice(ask, called, random, left, reasoning) : textChoice(ask, random, left, reasoning);
}

function lengthChoice(random: Random, tokens: number): Choice {
  return { text: replyOfLength(random, tokens), calls: [], reasoning: 0, finish: 'length', tokens };
}

function textChoice(ask: Ask, random: Random, limit: number, reasoning: number): Choice {
  const whole = ask.format.type === 'text' ? naturalReply(random, ask.model.behaviour === 'slow-bytes') : toPieces(jsonReply(ask, random));
  const stopped = stopAt(whole, ask.stop);
  const cut = cutPieces(stopped, limit);
  return { text: cut.pieces, calls: [], reasoning, finish: cut.whole ? 'stop' : 'length', tokens: reasoning + cut.tokens };
}

function jsonReply(ask: Ask, random: Random): string {
  if (ask.format.type === 'json_schema') return JSON.stringify(instanceOf(ask.format.schema, random, ask.format.param));
  return JSON.stringify({ sandbox: true, note: 'This is sandbox output: no model wrote it.', number: random() % 100 });
}

/** The stop sequence itself is neither sent nor billed. */
function stopAt(pieces: Piece[], stops: readonly string[]): Piece[] {
  if (stops.length === 0) return pieces;
  const text = pieces.map((piece) => piece.text).join('');
  const found = stops.filter((stop) => stop !== '' && text.includes(stop)).map((stop) => text.indexOf(stop));
  return found.length === 0 ? pieces : toPieces(text.slice(0, Math.min(...found)));
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
function toolChoice(ask: Ask, tools: Ask['tools'], random: Random, limit: number, reasoning: number): Choice {
  const calls: ToolCall[] = [];
  let tokens = 0;
  for (const tool of tools) {
    const named = countText(tool.name);
    const index = ask.tools.indexOf(tool);
    const args = toPieces(JSON.stringify(instanceOf(tool.parameters, random, `tools[${index}].function.parameters`)));
    if (tokens + named > limit) return { text: null, calls, reasoning, finish: 'length', tokens: reasoning + tokens };
    const cut = cutPieces(args, limit - tokens - named);
    calls.push({ name: tool.name, args: cut.pieces });
    tokens += named + cut.tokens;
    if (!cut.whole) return { text: null, calls, reasoning, finish: 'length', tokens: reasoning + tokens };
  }
  return { text: null, calls, reasoning, finish: 'tool_calls', tokens: reasoning + tokens };
}

/** The text fits what is billed, so that a reader who counts it agrees. More choices repeat it and cost no more. */
function fixedPlan(ask: Ask, fixed: { readonly input: number; readonly output: number }): Plan {
  const text = fixed.output === 3 ? toPieces('Sandbox answer.') : replyOfLength(randomOf(fixed.output), fixed.output);
  const cut = cutPieces(text, ask.limit ?? fixed.output);
  const choice: Choice = { text: cut.pieces, calls: [], reasoning: 0, finish: cut.whole ? 'stop' : 'length', tokens: cut.tokens };
  return {
    choices: Array.from({ length: ask.choices }, () => choice),
    billed: { input: fixed.input, cached: 0, output: fixed.output, reasoning: 0 },
  };
}
