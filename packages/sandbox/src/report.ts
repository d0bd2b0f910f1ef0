import type { Behaviour } from './models.ts';
import { type Billed, NOTHING_WRITTEN } from './plan.ts';

/** What an answer says it cost. Not numbers where the model is made to say nonsense. */
export type Reported = {
  readonly input: unknown;
  readonly output: unknown;
  readonly total: unknown;
  readonly cached: unknown;
  /** Cache writes, all of them and by lifetime. */
  readonly written: unknown;
  readonly writtenFiveMinutes: unknown;
  readonly writtenOneHour: unknown;
  readonly reasoning: unknown;
};

const NOTHING = { cached: 0, written: NOTHING_WRITTEN, reasoning: 0 };

function honest(billed: Billed): Reported {
  const { input, output, cached, reasoning } = billed;
  const { fiveMinutes, oneHour } = billed.written;
  const written = { written: fiveMinutes + oneHour, writtenFiveMinutes: fiveMinutes, writtenOneHour: oneHour };
  return { input, output, total: input + output, cached, ...written, reasoning };
}

const NONSENSE: Readonly<Record<string, (billed: Billed) => Partial<Reported>>> = {
  fraction: ({ input, output }) => ({ input: input + 0.5, output: output + 0.25, total: input + output + 0.75 }),
  string: ({ input, output }) => ({ input: `${input}`, output: `${output}`, total: `${input + output}` }),
  huge: () => ({ input: 1e30, output: 1e30, total: 2e30 }),
  null: () => ({ input: null, output: null, total: null }),
  mismatch: ({ input, output }) => ({
    total: input + output + 1_000,
    cached: input + 1,
    writtenOneHour: 1_000,
    reasoning: output + 1,
  }),
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
      return honest({ input: 0, output: 0, ...NOTHING });
    case 'lie-low':
      return honest({ input: Math.floor(input / 2), output: Math.floor(output / 2), ...NOTHING });
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
