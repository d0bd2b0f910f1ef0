/** The order of test files: the longest first, so that the two workers end together. */
import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** By what they take of a processor; whatever is shorter may come in any order. A clean clone has no times of its own to go by. */
export const LONGEST: readonly string[] = [
  'tests/postgres/conformance.test.ts',
  'packages/server/src/ledger/sqlite.conformance.test.ts',
  'tests/e2e/chain.test.ts',
  'tests/e2e/canary-memory.test.ts',
  'tests/e2e/backup.test.ts',
  'tests/e2e/shutdown.test.ts',
  'tests/e2e/tamper.test.ts',
  'tests/sim/bugs.test.ts',
  'tests/e2e/kill-operator.test.ts',
  'tests/e2e/hosts-backup.test.ts',
  'tests/e2e/hosts.test.ts',
  'tests/sim/simulation.test.ts',
  'tests/hostile/wire.test.ts',
  'tests/e2e/canary.test.ts',
  'tests/e2e/archive.test.ts',
  'tests/postgres/ledger-faults.test.ts',
  'tests/e2e/restore.test.ts',
  'tests/e2e/reconcile.test.ts',
  'tests/hostile/retries.test.ts',
  'tests/hostile/answers.test.ts',
  'tests/e2e/callers-leave.test.ts',
  'tests/e2e/workers.test.ts',
  'tests/hostile/stops.test.ts',
  'tests/e2e/kill.test.ts',
  'tests/hostile/workers.test.ts',
  'tests/postgres/ledger-hosts.test.ts',
  'tests/e2e/upstream-faults.test.ts',
];

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const placeOf = ({ moduleId }: TestSpecification) => {
      const place = LONGEST.indexOf(relative(this.ctx.config.root, moduleId));
      return place === -1 ? LONGEST.length : place;
    };
    return (await super.sort(files)).sort((a, b) => placeOf(a) - placeOf(b));
  }
}
