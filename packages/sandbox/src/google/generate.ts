import type { Ask } from '../ask.ts';
import { type Choice, type Plan, thoughtsOf } from '../plan.ts';
import type { Reported } from '../report.ts';
import { countText, type Piece } from '../tokens.ts';
import { ENDLESS_MARK, endlessJson, joinPieces, newId, type Wire } from '../wire.ts';
import { showsThoughts } from './generate-ask.ts';
import { reportedSoFar, type Sent, usageMetadata } from './usage.ts';

const FINISH = { stop: 'STOP', tool_calls: 'STOP', length: 'MAX_TOKENS' } as const;
/** Stands for the thoughts of an answer; a client sends it back with the part it came with. */
const SIGNATURE = Buffer.from('tallystick sandbox thought signature').toString('base64');

/** A plan in the shape of `:generateContent`: one `GenerateContentResponse`. */
export function generateWire(ask: Ask, plan: Plan, reported: Reported | null): Wire {
  const endless = ask.model.behaviour === 'endless';
  const text = plan.choices[0]?.text;
  const candidates = plan.choices.map((choice, index) => {
    const parts = [...wholeParts(choice, showsThoughts(ask), endless)];
    return { content: content(parts), finishReason: FINISH[choice.finish], index };
  });
  const body = JSON.stringify({ candidates, ...usage(reported), ...responseTail(ask, newId('')) });
  return { stream: false, frames: endless && text ? endlessJson(body, text) : [body], closing: 0 };
}

/** A plan in the shape of `:streamGenerateContent?alt=sse`. Google ends the lines of its events with CR and LF. */
export function sseWire(ask: Ask, plan: Plan, reported: Reported | null): Wire {
  return { stream: true, frames: framed(chunks(ask, plan, reported), (json) => `data: ${json}\r\n\r\n`), closing: 1 };
}

/** A plan in the shape of `:streamGenerateContent` without `alt=sse`: one JSON array, sent bit by bit. */
export function arrayWire(ask: Ask, plan: Plan, reported: Reported | null): Wire {
  const frames = framed(chunks(ask, plan, reported), (json, first) => (first ? `[${json}` : `,\r\n${json}`), ']\n');
  return { stream: true, contentType: 'application/json', frames, closing: 1 };
}

function* framed(all: Iterable<unknown>, frame: (json: string, first: boolean) => string, end?: string): Generator<string> {
  let first = true;
  for (const each of all) {
    yield frame(JSON.stringify(each), first);
    first = false;
  }
  if (end !== undefined) yield end;
}

function usage(reported: Reported | null) {
  return reported === null ? {} : { usageMetadata: usageMetadata(reported) };
}

function responseTail(ask: Ask, responseId: string) {
  return { modelVersion: ask.model.id, responseId };
}

/** A model that had nothing left to say has a content without parts. */
function content(parts: readonly unknown[]) {
  return { ...(parts.length === 0 ? {} : { parts }), role: 'model' };
}

function* wholeParts(choice: Choice, thoughts: boolean, endless: boolean): Generator<object> {
  if (thoughts && choice.reasoning > 0) yield { text: joinPieces(thoughtsOf(choice)), thought: true };
  if (choice.text !== null) {
    const text = endless ? ENDLESS_MARK : joinPieces(choice.text);
    if (text !== '') yield { text, ...signature(choice) };
  }
  for (const [index, { part }] of callParts(choice).entries()) yield { ...part, ...(index === 0 ? signature(choice) : {}) };
}

function signature({ reasoning }: Choice) {
  return reasoning > 0 ? { thoughtSignature: SIGNATURE } : {};
}

/** A part of a choice as one chunk has it, and the tokens that it stands for. */
type Step = { readonly parts: readonly object[]; readonly tokens: number; readonly reasoning: number; readonly finish: string | null };

/** Calls come whole. One whose arguments did not fit the limit is billed and not sent: half a JSON is no argument. */
function callParts(choice: Choice): { part: object; tokens: number }[] {
  const made: { part: object; tokens: number }[] = [];
  for (const { name, args } of choice.calls) {
    const parsed = parsedArgs(args);
    const tokens = args.reduce((total, piece) => total + piece.tokens, countText(name));
    if (parsed !== undefined) made.push({ part: { functionCall: { id: newId(''), name, args: parsed } }, tokens });
  }
  return made;
}

function parsedArgs(args: readonly Piece[]): unknown {
  try {
    return JSON.parse(joinPieces(args));
  } catch {
    return undefined;
  }
}

function* parts(choice: Choice, thoughts: boolean): Generator<Omit<Step, 'finish'>> {
  if (choice.reasoning > 0 && thoughts) {
    for (const { text, tokens } of thoughtsOf(choice)) yield { parts: [{ text, thought: true }], tokens, reasoning: tokens };
  }
  // Thoughts that are not shown are counted with the first that is.
  let hidden = thoughts ? 0 : choice.reasoning;
  let signed = signature(choice);
  const step = (part: object, tokens: number) => {
    const made = { parts: [{ ...part, ...signed }], tokens: tokens + hidden, reasoning: hidden };
    hidden = 0;
    signed = {};
    return made;
  };
  for (const { text, tokens } of choice.text ?? []) yield step({ text }, tokens);
  for (const { part, tokens } of callParts(choice)) yield step(part, tokens);
}

/** The last step has the reason why there is no other. A choice without any part has one step all the same. */
function* steps(choice: Choice, thoughts: boolean): Generator<Step> {
  let held: Omit<Step, 'finish'> | null = null;
  for (const step of parts(choice, thoughts)) {
    if (held !== null) yield { ...held, finish: null };
    held = step;
  }
  yield { ...(held ?? { parts: [], tokens: choice.reasoning, reasoning: choice.reasoning }), finish: FINISH[choice.finish] };
}

function* chunks(ask: Ask, plan: Plan, reported: Reported | null): Generator<unknown> {
  const tail = responseTail(ask, newId(''));
  const endless = ask.model.behaviour === 'endless';
  let sent: Sent = { output: 0, reasoning: 0 };
  let open = plan.choices.map((choice, index) => ({ index, steps: steps(choice, showsThoughts(ask)) }));
  // Candidates take turns.
  while (open.length > 0) {
    const still: typeof open = [];
    for (const candidate of open) {
      const { value, done } = candidate.steps.next();
      if (done) continue;
      sent = { output: sent.output + value.tokens, reasoning: sent.reasoning + value.reasoning };
      if (value.finish === null) still.push(candidate);
      const last = value.finish !== null && still.length === 0 && candidate === open.at(-1);
      const finish = value.finish === null ? {} : { finishReason: value.finish };
      const now = reported === null || (last && !endless) ? reported : reportedSoFar(reported, sent, endless);
      yield { candidates: [{ content: content(value.parts), ...finish, index: candidate.index }], ...usage(now), ...tail };
    }
    open = still;
  }
}
