import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { reasonInTitle } from '../../scripts/counts.ts';
import { readForgeTests } from '../../scripts/forge.ts';
import { compare, nameOf } from '../../scripts/gas.ts';
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

  it('adds the contracts, their skips and their failures', () => {
    const none = { passed: 40, failed: 0, skips: [] };
    const skipped = { passed: 0, failed: 0, skips: [{ name: 'contracts', reason: 'There is no forge.' }] };
    expect(closing(steps, none, { passed: 300, failed: 0, skips: [] }).lines).toEqual(['342 passed, 0 failed, 0 skipped']);
    expect(closing(steps, none, skipped).lines).toEqual(['skipped: contracts: There is no forge.', '42 passed, 0 failed, 1 skipped']);
    expect(closing(steps, none, { passed: 299, failed: 1, skips: [] })).toEqual({ lines: ['341 passed, 1 failed, 0 skipped'], ok: false });
  });

  it('fails where no other test ran, however many the contracts have', () => {
    expect(closing(steps, { passed: 0, failed: 0, skips: [] }, { passed: 300, failed: 0, skips: [] }).ok).toBe(false);
  });

  it('reads a reason from a title, for skips that take none', () => {
    expect(reasonInTitle('the ledger on PostgreSQL (needs TALLY_TEST_PG)')).toBe('needs TALLY_TEST_PG)');
    expect(reasonInTitle('holds')).toBeUndefined();
  });

  it('runs under the pinned Node', () => expect(process.version).toMatch(/^v24\./));
});

const RAN = 'Ran 6 test suites in 3.97ms (4.48ms CPU time):';

describe("what forge says of the contracts' tests", () => {
  it('is counted', () => {
    const { counts, broken, shown } = readForgeTests({
      code: 0,
      out: `[PASS] test_a() (gas: 1)\n${RAN} 8 tests passed, 0 failed, 0 skipped (8 total tests)\n`,
    });
    expect([counts, broken]).toEqual([{ passed: 8, failed: 0, skips: [] }, false]);
    expect(shown).toBe(`${RAN} 8 tests passed, 0 failed, 0 skipped`);
  });

  it('shows failures, without what passed', () => {
    const out = `[PASS] test_a()\n${RAN} 7 tests passed, 1 failed, 0 skipped (8 total tests)\n\nFailing tests:\n[FAIL: why] test_b()\n`;
    const { counts, broken, shown } = readForgeTests({ code: 1, out });
    expect([counts.failed, broken, shown]).toEqual([1, false, 'Failing tests:\n[FAIL: why] test_b()\n']);
  });

  it('says skips with their reason, and knows those without', () => {
    const out = `[SKIP: needs EIP-2537] test_a() (gas: 0)\n[SKIP] test_b() (gas: 0)\nRan 1 test suite in 1ms (1ms CPU time): 0 tests passed, 0 failed, 3 skipped (3 total tests)`;
    expect(readForgeTests({ code: 0, out }).counts.skips).toEqual([
      { name: 'contracts > test_a', reason: 'needs EIP-2537' },
      { name: 'contracts > test_b', reason: undefined },
      { name: 'contracts', reason: undefined },
    ]);
  });

  it.each([
    ['does not compile', { code: 1, out: 'Error: Compiler run failed' }],
    ['was killed', { code: null, out: '' }],
    ['failed without naming a test', { code: 1, out: `${RAN} 8 tests passed, 0 failed, 0 skipped (8 total tests)` }],
  ])('is no report where it %s', (_name, ran) => {
    const { broken, shown } = readForgeTests(ran);
    expect([broken, shown]).toEqual([true, ran.out]);
  });
});

describe('gas', () => {
  it('may fall, and is told', () => {
    const { ok, lines } = compare({ 'A: x': 100 }, { 'A: x': 90 });
    expect([ok, lines]).toEqual([true, ['gas shrank: A: x: 100 → 90 (-10); npm run gas records it']]);
  });

  it.each([
    ['grew by one', { 'A: x': 100 }, { 'A: x': 101 }, 'gas grew: A: x: 100 → 101 (+1)'],
    ['is not recorded', {}, { 'A: x': 100 }, 'gas is not recorded: A: x: 100; npm run gas records it'],
    ['is gone', { 'A: x': 100 }, {}, 'gas is recorded but no longer measured: A: x; npm run gas strikes it'],
  ])('fails where a figure %s', (_name, before, now, line) => {
    expect(compare(before, now)).toEqual({ ok: false, lines: [line] });
  });

  it('is told by suite and case', () => {
    expect([nameOf('MoneyGasTest', 'Money: deposit'), nameOf('QuorumGasTest', 'rotate'), nameOf('Lanes', 'post')]).toEqual([
      'Money: deposit',
      'Quorum: rotate',
      'Lanes: post',
    ]);
  });

  it('that is as it was is silent', () => expect(compare({ 'A: x': 1 }, { 'A: x': 1 })).toEqual({ ok: true, lines: [] }));
});

describe('the order of the tests', () => {
  it('names files that are there', () => {
    const root = new URL('../../', import.meta.url);
    expect(LONGEST.filter((path) => !existsSync(fileURLToPath(new URL(path, root))))).toEqual([]);
  });
});
