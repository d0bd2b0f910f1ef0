import type { Ask } from '../ask.ts';
import type { Choice, Plan } from '../plan.ts';
import type { Reported } from '../report.ts';
import { ENDLESS_MARK, endlessJson, joinPieces, newId, nowSeconds, type Wire } from '../wire.ts';
import { chatUsage } from './usage.ts';

const FINGERPRINT = 'fp_tallystick_sandbox';

/** A plan in the shape of `POST /v1/chat/completions`, JSON or events. */
export function chatWire(ask: Ask, plan: Plan, reported: Reported | null): Wire {
  if (ask.stream) return { stream: true, frames: chatFrames(ask, plan, reported), closing: ask.includeUsage ? 2 : 1 };
  const endless = ask.model.behaviour === 'endless';
  const body = JSON.stringify({
    id: newId('chatcmpl-'),
    object: 'chat.completion',
    created: nowSeconds(),
    model: ask.model.id,
    choices: plan.choices.map((choice, index) => ({
      index,
      message: message(choice, endless),
      logprobs: null,
      finish_reason: choice.finish,
    })),
    ...(reported === null ? {} : { usage: chatUsage(reported) }),
    service_tier: 'default',
    system_fingerprint: FINGERPRINT,
  });
  const text = plan.choices[0]?.text;
  return { stream: false, frames: endless && text ? endlessJson(body, text) : [body], closing: 0 };
}

function message(choice: Choice, endless: boolean) {
  const content = choice.text === null ? null : endless ? ENDLESS_MARK : joinPieces(choice.text);
  const common = { role: 'assistant', content, refusal: null, annotations: [] };
  if (choice.calls.length === 0) return common;
  const calls = choice.calls.map((call) => ({
    id: newId('call_'),
    type: 'function',
    function: { name: call.name, arguments: joinPieces(call.args) },
  }));
  return { ...common, tool_calls: calls };
}

function* chatFrames(ask: Ask, plan: Plan, reported: Reported | null): Generator<string> {
  const head = {
    id: newId('chatcmpl-'),
    object: 'chat.completion.chunk',
    created: nowSeconds(),
    model: ask.model.id,
    service_tier: 'default',
    system_fingerprint: FINGERPRINT,
  };
  // With `include_usage` every chunk has the field, null until the last.
  const tail = ask.includeUsage ? { usage: null } : {};
  const frame = (index: number, delta: unknown, finish: string | null) =>
    `data: ${JSON.stringify({ ...head, choices: [{ index, delta, logprobs: null, finish_reason: finish }], ...tail })}\n\n`;
  let open = plan.choices.map((choice, index) => ({ index, finish: choice.finish, deltas: deltas(choice) }));
  // Choices take turns, as they do upstream.
  while (open.length > 0) {
    const still: typeof open = [];
    for (const choice of open) {
      const next = choice.deltas.next();
      if (next.done) yield frame(choice.index, {}, choice.finish);
      else {
        yield frame(choice.index, next.value, null);
        still.push(choice);
      }
    }
    open = still;
  }
  if (ask.includeUsage && reported !== null) yield `data: ${JSON.stringify({ ...head, choices: [], usage: chatUsage(reported) })}\n\n`;
  yield 'data: [DONE]\n\n';
}

function* deltas(choice: Choice): Generator<unknown> {
  yield { role: 'assistant', content: choice.text === null ? null : '', refusal: null };
  for (const piece of choice.text ?? []) yield { content: piece.text };
  for (const [index, call] of choice.calls.entries()) {
    yield { tool_calls: [{ index, id: newId('call_'), type: 'function', function: { name: call.name, arguments: '' } }] };
    for (const piece of call.args) yield { tool_calls: [{ index, function: { arguments: piece.text } }] };
  }
}
