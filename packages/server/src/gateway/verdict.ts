import { TallyError } from '@tallystick/core';
import type { EndpointSpec, Plan } from './providers/endpoint.ts';
import type { Outcome } from './settlement.ts';
import type { StreamSummary } from './stream/events.ts';
import { parseObject } from './stream/json.ts';

// How an upstream's answer ends, as pure functions of what was seen of it. `error`: the caller gets it in place of an answer.

export type Verdict = { readonly outcome: Outcome; readonly error?: TallyError; readonly finish?: string };

/** A whole JSON answer. */
export function wholeVerdict(spec: EndpointSpec, body: Uint8Array): Verdict {
  const json = parseObject(body);
  if (json === null) {
    const error = new TallyError('UPSTREAM_ERROR', 'The upstream’s answer is not a JSON object.');
    return { outcome: { kind: 'bound', reason: 'the answer is not JSON' }, error };
  }
  // No dialect's answer has a top-level `error` that is more than null (the responses API's own is null where it has answered).
  if (json['error'] != null && json['object'] === undefined) {
    const error = new TallyError('UPSTREAM_ERROR', 'The upstream answered with status 200 and an error.');
    return { outcome: { kind: 'bound', reason: 'an error in place of an answer' }, error };
  }
  const usage = spec.usage(json);
  return { outcome: usage === null ? { kind: 'bound', reason: 'the answer carried no usable usage' } : { kind: 'metered', usage } };
}

/** A stream that has come to its end. */
export function streamVerdict(summary: StreamSummary, plan: Plan): Verdict {
  const { usage, done, finishReasons, errorCode } = summary;
  const finish = finishReasons.join(',');
  if (usage !== null && isFinished(summary, plan)) return { outcome: { kind: 'metered', usage }, finish };
  if (done && errorCode === null) return { outcome: { kind: 'bound', reason: 'the stream carried no usable usage' }, finish };
  return {
    outcome: { kind: 'burned', reason: 'the stream was cut' },
    error: new TallyError('UPSTREAM_ERROR', 'The upstream ended its stream before it was complete.'),
  };
}

/**
 * What is known where the end of the stream did not come. A usage report that has arrived stands, but only one of a finished answer: some
 * servers report with every chunk, and what they bill after the last one that came is not known.
 */
export function cutVerdict(summary: StreamSummary | null, plan: Plan, reason: string): Outcome {
  if (summary === null || summary.usage === null || !isFinished(summary, plan)) return { kind: 'burned', reason };
  return { kind: 'metered', usage: summary.usage };
}

/** The connection failed after a request byte may have left. */
export function lostError(error: Error): TallyError {
  if (/timeout/i.test(error.name + error.message)) return new TallyError('UPSTREAM_TIMEOUT');
  return new TallyError('UPSTREAM_ERROR', 'The upstream closed the connection before its answer was complete.');
}

/** A report that text came after, or one of several that cannot be read, is not the last word, whatever ends the stream. */
function isFinished({ done, errorCode, choicesEndedAtUsage, usageStale, usageUnusable }: StreamSummary, { choices }: Plan): boolean {
  if (usageStale || usageUnusable > 0) return false;
  return (done && errorCode === null) || choicesEndedAtUsage >= choices;
}
