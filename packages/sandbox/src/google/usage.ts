import type { Reported } from '../report.ts';

/**
 * The `usageMetadata` of an answer: the counts of candidates and of thoughts stand side by side, cached tokens are inside of the prompt's.
 * Proto JSON leaves zeros out; the prompt and the total stay, so that a lie of zeros is one.
 */
export function usageMetadata({ input, output, total, cached, reasoning }: Reported) {
  const inside = typeof output === 'number' && typeof reasoning === 'number' && reasoning <= output;
  return {
    promptTokenCount: input,
    ...unlessZero('cachedContentTokenCount', cached),
    ...unlessZero('candidatesTokenCount', inside ? output - reasoning : output),
    totalTokenCount: total,
    ...unlessZero('thoughtsTokenCount', reasoning),
  };
}

function unlessZero(name: string, value: unknown): Record<string, unknown> {
  return value === 0 ? {} : { [name]: value };
}

/** What a stream has sent so far, tokens; `reasoning` is a part of `output`. */
export type Sent = { readonly output: number; readonly reasoning: number };

/**
 * What a chunk reports: counts that grow with the stream, and never ahead of what its last one will say, so that a model tells one lie.
 * @param endless the end was not known when the answer was planned: then what was sent is all there is to report
 */
export function reportedSoFar(reported: Reported, sent: Sent, endless: boolean): Reported {
  const { input, output, reasoning } = reported;
  if (typeof input !== 'number' || typeof output !== 'number' || typeof reasoning !== 'number' || output < 0) return reported;
  const now = endless ? sent.output : Math.min(sent.output, output);
  return { ...reported, output: now, reasoning: Math.min(sent.reasoning, reasoning, now), total: input + now };
}
