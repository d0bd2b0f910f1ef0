import { createHash } from 'node:crypto';
import { type Ask, isObject } from '../ask.ts';
import { type Choice, type Plan, type ToolCall, thoughtsOf } from '../plan.ts';
import type { Reported } from '../report.ts';
import type { Piece } from '../tokens.ts';
import { ENDLESS_MARK, endlessJson, joinPieces, newId, type Wire } from '../wire.ts';
import { deltaUsage, messageUsage, startUsage } from './usage.ts';

const STOP_REASONS = { stop: 'end_turn', length: 'max_tokens', tool_calls: 'tool_use' } as const;

/** A plan in the shape of `POST /v1/messages`, JSON or events. */
export function messagesWire(ask: Ask, plan: Plan, reported: Reported | null): Wire {
  const choice = plan.choices[0] as Choice;
  // The last event says how it ended, the one before what it cost: both close the message.
  if (ask.stream) return { stream: true, frames: frames(ask, choice, reported), closing: 2 };
  const endless = ask.model.behaviour === 'endless';
  const content = [...blocksOf(ask, choice)].map((block) => whole(block, endless));
  const usage = reported === null ? {} : { usage: messageUsage(reported) };
  const body = JSON.stringify({ ...head(ask), content, ...ending(choice), ...usage });
  return { stream: false, frames: endless && choice.text ? endlessJson(body, choice.text) : [body], closing: 0 };
}

function head(ask: Ask) {
  return { id: newId('msg_'), type: 'message', role: 'assistant', model: ask.model.id };
}

function ending({ finish, stopped }: Choice) {
  return { stop_reason: stopped === null ? STOP_REASONS[finish] : 'stop_sequence', stop_sequence: stopped, stop_details: null };
}

type Block =
  | { readonly type: 'thinking'; readonly thoughts: readonly Piece[]; readonly signature: string }
  | { readonly type: 'text'; readonly text: Iterable<Piece> }
  | { readonly type: 'tool_use'; readonly id: string; readonly call: ToolCall };

function* blocksOf({ body }: Ask, choice: Choice): Generator<Block> {
  if (choice.reasoning > 0) {
    const thoughts = thoughtsOf(choice);
    const signature = createHash('sha512').update(joinPieces(thoughts)).digest('base64');
    const omitted = isObject(body.thinking) && body.thinking.display === 'omitted';
    yield { type: 'thinking', thoughts: omitted ? [] : thoughts, signature };
  }
  const empty = choice.text === null || (Array.isArray(choice.text) && choice.text.length === 0);
  if (choice.text !== null && !empty) yield { type: 'text', text: choice.text };
  for (const call of choice.calls) yield { type: 'tool_use', id: newId('toolu_'), call };
}

function whole(block: Block, endless: boolean) {
  if (block.type === 'thinking') return { type: 'thinking', thinking: joinPieces(block.thoughts), signature: block.signature };
  if (block.type === 'text') return { type: 'text', text: endless ? ENDLESS_MARK : joinPieces(block.text), citations: null };
  return { ...toolUse(block), input: inputOf(block.call) };
}

function toolUse({ id, call }: { readonly id: string; readonly call: ToolCall }) {
  return { type: 'tool_use', id, name: call.name, caller: { type: 'direct' } };
}

/** Arguments that the limit has cut are no JSON: then nothing is left of them. */
function inputOf({ args }: ToolCall): unknown {
  try {
    return JSON.parse(joinPieces(args));
  } catch {
    return {};
  }
}

type Event = { readonly type: string } & Readonly<Record<string, unknown>>;

function* frames(ask: Ask, choice: Choice, reported: Reported | null): Generator<string> {
  for (const event of events(ask, choice, reported)) yield `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}

function* events(ask: Ask, choice: Choice, reported: Reported | null): Generator<Event> {
  const begun = { ...head(ask), content: [], stop_reason: null, stop_sequence: null, stop_details: null };
  yield { type: 'message_start', message: reported === null ? begun : { ...begun, usage: startUsage(reported) } };
  yield { type: 'ping' };
  let index = 0;
  for (const block of blocksOf(ask, choice)) {
    yield { type: 'content_block_start', index, content_block: opened(block) };
    for (const delta of deltas(block)) yield { type: 'content_block_delta', index, delta };
    yield { type: 'content_block_stop', index };
    index += 1;
  }
  yield { type: 'message_delta', delta: ending(choice), ...(reported === null ? {} : { usage: deltaUsage(reported) }) };
  yield { type: 'message_stop' };
}

function opened(block: Block) {
  if (block.type === 'thinking') return { type: 'thinking', thinking: '', signature: '' };
  return block.type === 'text' ? { type: 'text', text: '', citations: null } : { ...toolUse(block), input: {} };
}

function* deltas(block: Block): Generator<unknown> {
  switch (block.type) {
    case 'thinking':
      for (const piece of block.thoughts) yield { type: 'thinking_delta', thinking: piece.text };
      yield { type: 'signature_delta', signature: block.signature };
      return;
    case 'text':
      for (const piece of block.text) yield { type: 'text_delta', text: piece.text };
      return;
    case 'tool_use':
      yield { type: 'input_json_delta', partial_json: '' };
      for (const piece of block.call.args) yield { type: 'input_json_delta', partial_json: piece.text };
  }
}
