import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { reasonInTitle } from '../../scripts/counts.ts';
import { LONGEST } from '../../scripts/longest-first.ts';
import { closing } from '../../scripts/test.ts';

const steps = new Map([
  ['lint', true],
  ['typecheck', true],
]);

describe('the closing line of the test command', () => {
  it('sums lint, types and tests', () => {
    expect(closing(steps, { passed: 40, failed: 0, skips: [] })).toEqual({ lines: ['42 passed, 0 failed, 0 skipped'], ok: true });
  });

  it('says skips aloud, with their reason', () => {
    const total = closing(steps, { passed: 1, failed: 0, skips: [{ name: 'a.test.ts > a', reason: 'needs PostgreSQL' }] });
    expect(total).toEqual({ lines: ['skipped: a.test.ts > a: needs PostgreSQL', '3 passed, 0 failed, 1 skipped'], ok: true });
  });

  it.each([
    ['a failed test', steps, { passed: 1, failed: 1, skips: [] }, '3 passed, 1 failed, 0 skipped'],
    ['failed types', new Map([...steps, ['typecheck', false]]), { passed: 1, failed: 0, skips: [] }, '2 passed, 1 failed, 0 skipped'],
    [
      'a skip without a reason',
      steps,
      { passed: 1, failed: 0, skips: [{ name: 'a', reason: undefined }] },
      '3 passed, 1 failed, 0 skipped',
    ],
    ['no test at all', steps, { passed: 0, failed: 0, skips: [] }, '2 passed, 1 failed, 0 skipped'],
    ['nothing but skips', steps, { passed: 0, failed: 0, skips: [{ name: 'a', reason: 'needs x' }] }, '2 passed, 1 failed, 1 skipped'],
    ['a run without a report', steps, undefined, '2 passed, 1 failed, 0 skipped'],
  ])('fails on %s', (_name, of, counts, line) => {
    const total = closing(of, counts);
    expect([total.ok, total.lines.at(-1)]).toEqual([false, line]);
  });

  it('reads a reason from a title, for skips that take none', () => {
    expect(reasonInTitle('the ledger on PostgreSQL (needs TALLY_TEST_PG)')).toBe('needs TALLY_TEST_PG)');
    expect(reasonInTitle('holds')).toBeUndefined();
  });

  it('runs under the pinned Node', () => expect(process.version).toMatch(/^v24\./));
});

describe('the order of the tests', () => {
  it('names files that are there', () => {
    const root = new URL('../../', import.meta.url);
    expect(LONGEST.filter((path) => !existsSync(fileURLToPath(new URL(path, root))))).toEqual([]);
  });
});
