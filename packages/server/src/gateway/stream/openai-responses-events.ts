import { normaliseUsage } from '@tallystick/core';
import type { StreamEvent } from './events.ts';
import { asIndex, asName, asObject, errorCode, type Json, textBytes } from './json.ts';

/** The events that end a responses stream; each carries the whole response with its usage. */
const ENDINGS: ReadonlySet<string> = new Set(['response.completed', 'response.incomplete', 'response.failed', 'response.cancelled']);

/**
 * What one event of a responses stream says (`{type, response | delta | …}`).
 * @param name the frame's `event:` field, used where the data has no `type`.
 */
export function responsesEvents(data: Json, name: string | null): StreamEvent[] {
  const type = typeof data.type === 'string' ? data.type : name;
  const { error } = data;
  // Compatible servers send `{error}` alone, as in a chat.
  if (type === 'error' || (error !== undefined && error !== null))
    return [{ kind: 'error', code: errorCode(asObject(error) ?? { code: data.code }) }];
  if (type === null) return [];
  if (type === 'response.created') {
    const response = asObject(data.response);
    return [{ kind: 'start', id: asName(response?.id), model: asName(response?.model) }];
  }
  if (ENDINGS.has(type)) return endingEvents(asObject(data.response) ?? {}, type);
  // All text comes as `….delta` with a string: output text, refusals, tool arguments, reasoning and its summary.
  const bytes = type.endsWith('.delta') ? textBytes(data.delta) : 0;
  return bytes === 0 ? [] : [{ kind: 'delta', choice: asIndex(data.output_index), bytes }];
}

function endingEvents(response: Json, type: string): StreamEvent[] {
  const events: StreamEvent[] = [];
  const usage = response.usage;
  if (usage !== undefined && usage !== null) events.push({ kind: 'usage', usage: normaliseUsage('openai-responses', usage) });
  const status = type.slice('response.'.length);
  if (status === 'failed') events.push({ kind: 'error', code: errorCode(response.error) });
  const reason = asName(asObject(response.incomplete_details)?.reason) ?? status;
  events.push({ kind: 'stop', choice: 0, reason: status === 'incomplete' ? reason : status }, { kind: 'done' });
  return events;
}
