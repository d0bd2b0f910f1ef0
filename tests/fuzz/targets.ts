import { declaredTarget, usageTarget } from './core.target.ts';
import { allowLists, scanners } from './discover.ts';
import { bearerTarget, betasTarget, retryAfterTarget } from './headers.target.ts';
import { idempotencyTarget } from './idempotency.target.ts';
import { scannerTarget } from './scanner.target.ts';
import { spliceTarget } from './splice.target.ts';
import { sseTarget } from './sse.target.ts';
import type { Target } from './target.ts';
import { redactionTarget } from './upstream-error.target.ts';
import { walkTarget } from './walk.target.ts';

/** All that is fuzzed. */
export async function allTargets(): Promise<readonly Target[]> {
  return [
    ...Array.from(await allowLists(), ([name, schema]) => walkTarget(name, schema)),
    spliceTarget(),
    sseTarget(),
    ...Array.from(await scanners(), ([name, Scanner]) => scannerTarget(name, Scanner)),
    redactionTarget(),
    usageTarget(),
    declaredTarget(),
    bearerTarget(),
    betasTarget(),
    idempotencyTarget(),
    retryAfterTarget(),
  ];
}
