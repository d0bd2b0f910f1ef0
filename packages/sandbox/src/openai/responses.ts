import type { Ask } from '../ask.ts';
import type { Choice, Plan } from '../plan.ts';
import type { Reported } from '../report.ts';
import type { Piece } from '../tokens.ts';
import { ENDLESS_MARK, endlessJson, joinPieces, newId, nowSeconds, type Wire } from '../wire.ts';
import { responsesUsage } from './usage.ts';

/** A plan in the shape of `POST /v1/responses`, JSON or events. */
export function responsesWire(ask: Ask, plan: Plan, reported: Reported | null): Wire {
  const choice = plan.choices[0] as Choice;
  const base = responseBase(ask);
  if (ask.stream) return { stream: true, frames: responseFrames(base, choice, reported), closing: 1 };
  const endless = ask.model.behaviour === 'endless';
  const items = [...outputItems(choice)].map((item) =>
    item.type === 'message' && endless ? messageItem(item.id, ENDLESS_MARK) : done(item),
  );
  const body = JSON.stringify(finished(base, choice, items, reported));
  return { stream: false, frames: endless && choice.text ? endlessJson(body, choice.text) : [body], closing: 0 };
}

/** The response object before its end, with the request's settings echoed as the real one does. */
function responseBase(ask: Ask) {
  const { body } = ask;
  const text = (body.text ?? {}) as Record<string, unknown>;
  const reasoning = (body.reasoning ?? {}) as Record<string, unknown>;
  return {
    id: newId('resp_'),
    object: 'response',
    created_at: nowSeconds(),
    status: 'in_progress',
    background: false,
    error: null,
    incomplete_details: null as { reason: string } | null,
    instructions: body.instructions ?? null,
    max_output_tokens: ask.limit ?? null,
    max_tool_calls: null,
    model: ask.model.id,
    output: [] as unknown[],
    parallel_tool_calls: ask.parallelTools,
    previous_response_id: null,
    prompt_cache_key: body.prompt_cache_key ?? null,
    reasoning: { effort: reasoning.effort ?? null, summary: reasoning.summary ?? null },
    safety_identifier: body.safety_identifier ?? null,
    service_tier: 'default',
    store: false,
    temperature: body.temperature ?? 1,
    text: { format: text.format ?? { type: 'text' }, verbosity: text.verbosity ?? 'medium' },
    tool_choice: body.tool_choice ?? 'auto',
    tools: body.tools ?? [],
    top_logprobs: 0,
    top_p: body.top_p ?? 1,
    truncation: 'disabled',
    usage: null as unknown,
    user: body.user ?? null,
    metadata: body.metadata ?? {},
  };
}

type Base = ReturnType<typeof responseBase>;

function finished(base: Base, choice: Choice, output: unknown[], reported: Reported | null): Base {
  const incomplete = choice.finish === 'length';
  return {
    ...base,
    status: incomplete ? 'incomplete' : 'completed',
    incomplete_details: incomplete ? { reason: 'max_output_tokens' } : null,
    output,
    usage: reported === null ? null : responsesUsage(reported),
  };
}

type Item =
  | { readonly type: 'reasoning'; readonly id: string }
  | { readonly type: 'message'; readonly id: string; readonly text: Iterable<Piece> }
  | {
      readonly type: 'function_call';
      readonly id: string;
      readonly callId: string;
      readonly name: string;
      readonly args: readonly Piece[];
    };

function* outputItems(choice: Choice): Generator<Item> {
  if (choice.reasoning > 0) yield { type: 'reasoning', id: newId('rs_') };
  if (choice.text !== null) yield { type: 'message', id: newId('msg_'), text: choice.text };
  for (const call of choice.calls)
    yield { type: 'function_call', id: newId('fc_'), callId: newId('call_'), name: call.name, args: call.args };
}

function textPart(text: string) {
  return { type: 'output_text', annotations: [], logprobs: [], text };
}

function messageItem(id: string, text: string) {
  return { id, type: 'message', status: 'completed', content: [textPart(text)], role: 'assistant' };
}

function done(item: Item) {
  if (item.type === 'reasoning') return { id: item.id, type: 'reasoning', summary: [] };
  if (item.type === 'message') return messageItem(item.id, joinPieces(item.text));
  const { id, callId, name, args } = item;
  return { id, type: 'function_call', status: 'completed', arguments: joinPieces(args), call_id: callId, name };
}

type Event = { readonly type: string } & Readonly<Record<string, unknown>>;

function* responseFrames(base: Base, choice: Choice, reported: Reported | null): Generator<string> {
  let sequence = 0;
  const frame = ({ type, ...rest }: Event) => `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: sequence++, ...rest })}\n\n`;
  yield frame({ type: 'response.created', response: base });
  yield frame({ type: 'response.in_progress', response: base });
  const output: unknown[] = [];
  let index = 0;
  for (const item of outputItems(choice)) {
    let whole: unknown;
    for (const event of itemEvents(item, index)) {
      if (event.type === 'response.output_item.done') whole = event.item;
      yield frame(event);
    }
    output.push(whole);
    index += 1;
  }
  const response = finished(base, choice, output, reported);
  yield frame({ type: response.status === 'incomplete' ? 'response.incomplete' : 'response.completed', response });
}

function* itemEvents(item: Item, output_index: number): Generator<Event> {
  const added = (fields: unknown) => ({ type: 'response.output_item.added', output_index, item: fields });
  const closed = (fields: unknown) => ({ type: 'response.output_item.done', output_index, item: fields });
  if (item.type === 'reasoning') {
    yield added(done(item));
    yield closed(done(item));
  } else if (item.type === 'message') {
    yield added({ id: item.id, type: 'message', status: 'in_progress', content: [], role: 'assistant' });
    const at = { item_id: item.id, output_index, content_index: 0 };
    yield { type: 'response.content_part.added', ...at, part: textPart('') };
    let text = '';
    for (const piece of item.text) {
      text += piece.text;
      yield { type: 'response.output_text.delta', ...at, delta: piece.text, logprobs: [] };
    }
    yield { type: 'response.output_text.done', ...at, text, logprobs: [] };
    yield { type: 'response.content_part.done', ...at, part: textPart(text) };
    yield closed(messageItem(item.id, text));
  } else {
    const { id, callId, name, args } = item;
    yield added({ id, type: 'function_call', status: 'in_progress', arguments: '', call_id: callId, name });
    const at = { item_id: id, output_index };
    for (const piece of args) yield { type: 'response.function_call_arguments.delta', ...at, delta: piece.text };
    yield { type: 'response.function_call_arguments.done', ...at, name, arguments: joinPieces(args) };
    yield closed(done(item));
  }
}
