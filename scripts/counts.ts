/** A vitest reporter that writes what the closing line of the test command needs: counts, and every skip with its reason. */
import { writeFileSync } from 'node:fs';
import type { Reporter, TestCase, TestModule } from 'vitest/node';

export type Skip = { readonly name: string; readonly reason: string | undefined };
export type Counts = { readonly passed: number; readonly failed: number; readonly skips: readonly Skip[] };

export default class CountsReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const path = process.env.TALLY_TEST_COUNTS;
    if (path === undefined) return;
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    // A file that does not load has no tests to fail, and an error outside any test fails none: both count as one failure each.
    const broken = modules.filter((module) => module.errors().length > 0).length + unhandled.length;
    const counts: Counts = {
      passed: tests.filter((test) => test.result().state === 'passed').length,
      failed: tests.filter((test) => test.result().state === 'failed').length + broken,
      skips: tests.filter((test) => test.result().state === 'skipped' || test.result().state === 'pending').map(skipOf),
    };
    writeFileSync(path, JSON.stringify(counts));
  }
}

function skipOf(test: TestCase): Skip {
  const result = test.result();
  const note = result.state === 'skipped' ? result.note : undefined;
  return { name: `${test.module.relativeModuleId} > ${test.fullName}`, reason: note ?? reasonInTitle(test.fullName) };
}

/** `describe.skipIf(…)` takes no reason, so such a title says it itself: `… (needs PostgreSQL)`. */
export function reasonInTitle(title: string): string | undefined {
  return /\b(?:needs|skipped:)\s.*/i.exec(title)?.[0];
}
