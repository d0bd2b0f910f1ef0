import { normaliseUsage } from '@tallystick/core';
import type { StreamEvent } from './events.ts';
import { asArray, asIndex, asName, asObject, errorCode, type Json, textBytes } from './json.ts';

/**
 * What one chunk of a chat stream says (`{id, model, choices: [{index, delta, finish_reason}], usage}` or `{error}`).
 * The text fields beyond OpenAI's own (`reasoning_content`, `reasoning`) are those of compatible servers.
 */
export function chatEvents(chunk: Json, isFirst: boolean, choices = 1): StreamEvent[] {
  const events: StreamEvent[] = [];
  if (isFirst) events.push({ kind: 'start', id: asName(chunk.id), model: asName(chunk.model) });
  if (chunk.error !== undefined && chunk.error !== null) events.push({ kind: 'error', code: errorCode(chunk.error) });
  for (const entry of asArray(chunk.choices)) {
    const choice = asObject(entry);
    if (choice !== null) events.push(...choiceEvents(choice));
  }
  const usage = chunk.usage;
  // Of several choices, a report beside one of them may be that one's alone.
  const interim = choices > 1 && asArray(chunk.choices).length > 0;
  if (usage !== undefined && usage !== null) {
    events.push({ kind: 'usage', usage: normaliseUsage('openai-chat', usage), ...(interim ? { interim } : {}) });
  }
  return events;
}

function choiceEvents(entry: Json): StreamEvent[] {
  const events: StreamEvent[] = [];
  const choice = asIndex(entry.index);
  const delta = asObject(entry.delta);
  const bytes = deltaBytes(delta);
  if (bytes > 0) events.push({ kind: 'delta', choice, bytes });
  else if (asArray(delta?.['tool_calls']).length > 0 || asObject(delta?.['function_call']) !== null) events.push({ kind: 'hidden' });
  const reason = asName(entry.finish_reason);
  if (reason !== null) events.push({ kind: 'stop', choice, reason });
  return events;
}

function deltaBytes(delta: Json | null): number {
  if (delta === null) return 0;
  let bytes = textBytes(delta.content) + textBytes(delta.refusal);
  // Some servers send the same reasoning under both names.
  bytes += Math.max(textBytes(delta.reasoning_content), textBytes(delta.reasoning));
  bytes += callBytes(asObject(delta.function_call));
  for (const entry of asArray(delta.tool_calls)) {
    const call = asObject(entry);
    bytes += callBytes(asObject(call?.function)) + callBytes(asObject(call?.custom));
  }
  return bytes;
}

/** Not the name: where the request names the tool, servers write it themselves, and no token of the limit pays for it. */
function callBytes(call: Json | null): number {
  return call === null ? 0 : textBytes(call.arguments) + textBytes(call.input);
}
