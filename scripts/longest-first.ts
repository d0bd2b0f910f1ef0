/** The order of test files: the longest first, so that the two workers end together. */
import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** By what they take of a processor; whatever is shorter may come in any order. A clean clone has no times of its own to go by. */
export const LONGEST: readonly string[] = [
  'tests/postgres/conformance.test.ts',
  'tests/contracts/artifacts.test.ts',
  'tests/e2e/chain.test.ts',
  'tests/e2e/pool-governance.test.ts',
  'packages/server/src/ledger/sqlite.conformance.test.ts',
  'tests/e2e/story-chain.test.ts',
  'tests/e2e/gates.test.ts',
  'tests/e2e/pool-half-year.test.ts',
  'tests/e2e/canary-memory.test.ts',
  'tests/e2e/shutdown.test.ts',
  'tests/e2e/donation-life.test.ts',
  'tests/e2e/tamper.test.ts',
  'tests/e2e/task-restart.test.ts',
  'tests/readme/readme.test.ts',
  'tests/e2e/cli-pool.test.ts',
  'tests/e2e/callers-leave.test.ts',
  'tests/e2e/hosts.test.ts',
  'tests/e2e/backup.test.ts',
  'tests/e2e/kill-operator.test.ts',
  'tests/sim/bugs.test.ts',
  'tests/e2e/reconcile.test.ts',
  'tests/hostile/wire.test.ts',
  'tests/postgres/ledger-faults.test.ts',
  'bench/src/overspend/detect.test.ts',
  'tests/postgres/ledger-hosts.test.ts',
  'tests/e2e/hosts-backup.test.ts',
  'tests/e2e/upstream-faults.test.ts',
  'tests/e2e/openai-sdk-sandbox.test.ts',
  'tests/e2e/pool-status.test.ts',
  'tests/sim/simulation.test.ts',
  'tests/e2e/anthropic-sdk-limits.test.ts',
  'tests/e2e/canary-dumps.test.ts',
  'tests/e2e/replay.test.ts',
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
