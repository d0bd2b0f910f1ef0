import type { Behaviour } from './models.ts';
import type { Billed } from './plan.ts';

/** What an answer says it cost. Not numbers where the model is made to say nonsense. */
export type Reported = {
  readonly input: unknown;
  readonly output: unknown;
  readonly total: unknown;
  readonly cached: unknown;
  readonly reasoning: unknown;
};

function honest(billed: Billed): Reported {
  const { input, output, cached, reasoning } = billed;
  return { input, output, total: input + output, cached, reasoning };
}

const NONSENSE: Readonly<Record<string, (billed: Billed) => Partial<Reported>>> = {
  fraction: ({ input, output }) => ({ input: input + 0.5, output: output + 0.25, total: input + output + 0.75 }),
  string: ({ input, output }) => ({ input: `${input}`, output: `${output}`, total: `${input + output}` }),
  huge: () => ({ input: 1e30, output: 1e30, total: 2e30 }),
  null: () => ({ input: null, output: null, total: null }),
  mismatch: ({ input, output }) => ({ total: input + output + 1_000, cached: input + 1, reasoning: output + 1 }),
};

/**
 * The usage that a model reports for what it billed; null for none at all.
 * @param words the request's text: `sandbox-bad-usage` picks its nonsense by a word in it
 */
export function report(behaviour: Behaviour, billed: Billed, words: () => string): Reported | null {
  const { input, output } = billed;
  switch (behaviour) {
    case 'no-usage':
      return null;
    case 'lie-zero':
      return honest({ input: 0, output: 0, cached: 0, reasoning: 0 });
    case 'lie-low':
      return honest({ input: Math.floor(input / 2), output: Math.floor(output / 2), cached: 0, reasoning: 0 });
    case 'bad-usage': {
      const said = words();
      const kind = Object.keys(NONSENSE).find((name) => said.includes(name));
      const wrong = kind === undefined ? { input: -input, output: -output, total: -input - output } : NONSENSE[kind]?.(billed);
      return { ...honest(billed), ...wrong };
    }
    default:
      return honest(billed);
  }
}

/** The usage object of chat completions. */
export function chatUsage(reported: Reported) {
  return {
    prompt_tokens: reported.input,
    completion_tokens: reported.output,
    total_tokens: reported.total,
    prompt_tokens_details: { cached_tokens: reported.cached, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: reported.reasoning,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}

/** The usage object of responses. */
export function responsesUsage(reported: Reported) {
  return {
    input_tokens: reported.input,
    input_tokens_details: { cached_tokens: reported.cached },
    output_tokens: reported.output,
    output_tokens_details: { reasoning_tokens: reported.reasoning },
    total_tokens: reported.total,
  };
}
