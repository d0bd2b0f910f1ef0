import type { Grade } from './proof.ts';

/** From the strongest to the weakest that still counts as proof; `canary` does not. */
const STRENGTH: readonly Grade[] = ['proved', 'documented', 'declared'];

/** @returns whether a fact of this grade may carry a bound. */
export function counts(grade: Grade): boolean {
  return STRENGTH.includes(grade);
}
