import type { Reported } from '../report.ts';

/** What every usage of a message repeats: the input without what the cache read or wrote, and those two apart. */
function inputUsage({ input, cached, written }: Reported) {
  return { input_tokens: uncached(input, cached, written), cache_creation_input_tokens: written, cache_read_input_tokens: cached };
}

/** The usage object of a whole message, and of `message_start`. */
export function messageUsage(reported: Reported) {
  return {
    ...inputUsage(reported),
    cache_creation: { ephemeral_5m_input_tokens: reported.writtenFiveMinutes, ephemeral_1h_input_tokens: reported.writtenOneHour },
    ...outputUsage(reported),
    service_tier: 'standard',
    inference_geo: 'not_available',
  };
}

/** Before anything is generated: the input as it will be, and the first token of output. */
export function startUsage(reported: Reported) {
  const first = typeof reported.output === 'number' ? Math.min(1, reported.output) : reported.output;
  return messageUsage({ ...reported, output: first, reasoning: 0 });
}

/** The cumulative usage of `message_delta`. */
export function deltaUsage(reported: Reported) {
  return { ...inputUsage(reported), ...outputUsage(reported) };
}

function outputUsage({ output, reasoning }: Reported) {
  const details = reasoning === 0 ? {} : { output_tokens_details: { thinking_tokens: reasoning } };
  return { output_tokens: output, ...details };
}

/** A usage that is nonsense stays the nonsense that it is. */
function uncached(input: unknown, cached: unknown, written: unknown): unknown {
  if (typeof input !== 'number' || typeof cached !== 'number' || typeof written !== 'number') return input;
  const left = input - cached - written;
  return input >= 0 ? Math.max(0, left) : left;
}
