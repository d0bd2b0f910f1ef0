import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LOG_SIGNER, sampleAudit } from '../testing/audit-bundle.ts';
import { tally, workFolder } from '../testing/harness.ts';

let folder: ReturnType<typeof workFolder>;
beforeEach(() => {
  folder = workFolder();
  folder.file('before.json', JSON.stringify(sampleAudit(1)));
  folder.file('now.json', JSON.stringify(sampleAudit(2)));
});
afterEach(() => folder.remove());

// Nothing of the network or of a configuration is needed: an address that is not one must not matter.
const verify = (args: readonly string[], stdin?: string) =>
  tally(['audit', 'verify', ...args], { cwd: folder.cwd, env: { TALLY_URL: 'no url' }, ...(stdin === undefined ? {} : { stdin }) });

describe('audit verify FILE', () => {
  test('what stands in the log, from a file and from standard input', async () => {
    for (const ran of [await verify(['now.json']), await verify(['-'], JSON.stringify(sampleAudit(2)))]) {
      expect(ran).toMatchObject({ code: 0, err: '' });
      expect(ran.out).toContain('ok\tsignature\t');
      expect(ran.out).toContain('ok\tentry 1\t');
      expect(ran.out).not.toContain('FAIL');
      expect(ran.out).toContain(`Whose key ${LOG_SIGNER} is was not checked.`);
      expect(ran.out).toContain('1\t2026-01-01T00:00:00.001Z\ttest.note\ts\t{"reason":"r1"}');
    }
  });

  test('the key is checked where it is given', async () => {
    const right = await verify(['now.json', '--signer', LOG_SIGNER]);
    expect(right.code).toBe(0);
    expect(right.out).not.toContain('was not checked');
    const wrong = await verify(['now.json', '--signer', '11'.repeat(32)]);
    expect(wrong.code).toBe(5);
    expect(wrong.out).toContain('FAIL\tsigner\t');
  });

  test('who kept an earlier file sees that nothing was rewritten, or that something was', async () => {
    const grown = await verify(['now.json', '--earlier', 'before.json']);
    expect(grown.code).toBe(0);
    expect(grown.out).toContain('ok\tconsistency\t');
    const shrunk = await verify(['before.json', '--earlier', 'now.json']);
    expect(shrunk.code).toBe(5);
    expect(shrunk.out).toContain('FAIL\tconsistency\tDoes not hold: ');
  });

  test('what was changed does not verify, and is not shown as said', async () => {
    const bundle = sampleAudit(2);
    const [first, second] = bundle.entries as [(typeof bundle.entries)[number], (typeof bundle.entries)[number]];
    folder.file('now.json', JSON.stringify({ ...bundle, entries: [first, { ...second, line: second.line.replace('r1', 'r9') }] }));
    const ran = await verify(['now.json', '--json']);
    expect(ran.code).toBe(5);
    const { checks } = JSON.parse(ran.out) as { checks: { name: string; ok: boolean }[] };
    expect(checks.filter(({ ok }) => !ok).map(({ name }) => name)).toEqual(['entry 1']);
    expect((await verify(['now.json'])).out).not.toContain('"reason"');
  });

  test.each([
    [['missing.json']],
    [['now.json', '--signer', 'me']],
    [['now.json', '--earlier', 'missing.json']],
    [['--signer', LOG_SIGNER]],
  ])('%j is a mistake of usage', async (args) => {
    expect(await verify(args)).toMatchObject({ code: 2, out: '' });
  });

  test.each(['', '{}', 'not json', '{"format":"\\u001b[2J"}'])('rubbish %j does not verify, in plain text', async (text) => {
    const ran = await verify(['-'], text);
    expect(ran.code).toBe(5);
    expect(ran.out).toMatch(/^FAIL\tformat\t[^\t\n]+\n\nIt does NOT verify/);
    expect(ran.out).not.toContain('\u{1b}');
  });
});
