import type { Grade } from './proof.ts';

/** From the strongest to the weakest that still counts as proof; `canary` does not. */
const STRENGTH: readonly Grade[] = ['proved', 'documented', 'declared'];
const ALL: readonly Grade[] = [...STRENGTH, 'evidence', 'canary'];

/** @returns whether a fact of this grade may carry a bound. */
export function counts(grade: Grade): boolean {
  return STRENGTH.includes(grade);
}

/** @returns the weakest: a bound is known no better than the worst known of the facts that it rests on. */
export function weakest(first: Grade, ...others: readonly Grade[]): Grade {
  return others.reduce((worst, each) => (ALL.indexOf(each) > ALL.indexOf(worst) ? each : worst), first);
}
