import { seeded } from '../support/random.ts';
import { minimise } from './minimise.ts';
import { type Random, seedOf, type Target } from './target.ts';

/** What went wrong with one input. */
export type Finding = {
  readonly target: string;
  readonly seed: number;
  readonly iteration: number;
  readonly what: string;
  readonly input: Uint8Array;
};

/** Tries `inputs` inputs. @returns the first that breaks the target's oracle, minimised, or null. */
export function search(target: Target, seed: number, inputs: number): Finding | null {
  for (let iteration = 0; iteration < inputs; iteration += 1) {
    const random: Random = seeded(seedOf(seed, iteration));
    const input = target.make(random);
    const what = faultOf(target, input);
    if (what === null) continue;
    const smallest = minimise(input, (shorter) => kind(faultOf(target, shorter)) === kind(what));
    return { target: target.name, seed, iteration, what: faultOf(target, smallest) ?? what, input: smallest };
  }
  return null;
}

/** @returns what the oracle says of this input, or null where it holds. */
export function faultOf(target: Target, input: Uint8Array): string | null {
  try {
    target.check(input);
    return null;
  } catch (error) {
    return error instanceof Error ? `${error.name === 'Error' ? '' : `${error.name}: `}${error.message}` : `threw ${String(error)}`;
  }
}

/** Enough to find and keep it: a file under `seeds/` takes `target` and `base64` as they stand here. */
export function tell({ target, seed, iteration, what, input }: Finding): string {
  return `${target}, seed ${seed}, input ${iteration}: ${what}\n${input.length} bytes, base64: ${Buffer.from(input).toString('base64')}`;
}

/** While an input shrinks it must go on breaking the same rule; the numbers in the text may change. */
function kind(what: string | null): string | null {
  return what === null ? null : what.replace(/\d+/g, 'N').slice(0, 48);
}
