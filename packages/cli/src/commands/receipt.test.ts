import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CALL_ID, REQUEST, RESPONSE, SIGNER, sampleBundle, VIRTUAL_KEY } from '../testing/bundle.ts';
import { fakeDaemon, HERE, tally, workFolder } from '../testing/harness.ts';
import { credits } from './receipt-view.ts';

const BUNDLE = sampleBundle();
const TEXT = JSON.stringify(BUNDLE);
const ID = 'ab'.repeat(16);

let folder: ReturnType<typeof workFolder>;
beforeEach(() => {
  folder = workFolder();
  folder.file('receipt.json', TEXT);
  folder.file('key', `${VIRTUAL_KEY}\n`);
  folder.file('request', REQUEST);
  folder.file('response', RESPONSE);
});
afterEach(() => folder.remove());

describe('verify', () => {
  // Nothing of the network or of a configuration is needed: an address that is not one must not matter.
  const verify = (args: readonly string[], stdin?: string) =>
    tally(['receipt', 'verify', ...args], { cwd: folder.cwd, env: { TALLY_URL: 'no url' }, ...(stdin === undefined ? {} : { stdin }) });

  test('a whole receipt, from a file and from standard input', async () => {
    for (const ran of [await verify(['receipt.json']), await verify(['-'], TEXT)]) {
      expect(ran).toMatchObject({ code: 0, err: '' });
      expect(ran.out).toContain('ok\tsignature\t');
      expect(ran.out).not.toContain('FAIL');
      expect(ran.out).toContain('The receipt verifies.\nSANDBOX');
      expect(ran.out).toContain('was not checked: give --signer');
    }
  });

  test('the signer is checked where it is given', async () => {
    const right = await verify(['receipt.json', '--signer', SIGNER]);
    expect(right.code).toBe(0);
    expect(right.out).not.toContain('give --signer');
    const wrong = await verify(['receipt.json', '--signer', `0x${'11'.repeat(20)}`]);
    expect(wrong.code).toBe(5);
    expect(wrong.out).toContain('FAIL\tsigner\t');
    expect((await verify(['receipt.json', '--signer', 'me'])).code).toBe(2);
  });

  test('what the caller kept is compared with what was signed', async () => {
    const all = await verify(['receipt.json', '--key-file', 'key', '--request', 'request', '--response', 'response']);
    expect(all.code).toBe(0);
    expect(all.out).toMatch(/^ok\trequest\t.*\nok\tresponse\t.*delivered to the end/m);
    const piped = await verify(['receipt.json', '--key-file', '-', '--request', 'request'], VIRTUAL_KEY);
    expect(piped.code).toBe(0);
    const other = await verify(['receipt.json', '--key-file', 'key', '--request', 'response']);
    expect(other.code).toBe(5);
    expect(other.out).toContain('FAIL\trequest\t');
    expect(other.out + other.err).not.toContain(VIRTUAL_KEY);
  });

  test.each([
    [['receipt.json', '--request', 'request']],
    [['receipt.json', '--key-file', 'key']],
    [['-', '--key-file', '-', '--request', 'request']],
    [['missing.json']],
    [['.']],
  ])('%j is a mistake of usage', async (args) => {
    expect(await verify(args)).toMatchObject({ code: 2, out: '' });
  });

  test.each([
    ['receipt', 'charged', '53', 'hash'],
    ['receipt', 'sourceSpent', '519', 'hash'],
    ['detail', 'model', 'sandbox-large', 'detail'],
    ['group', 'total', '1', 'path'],
    ['group', 'seqTo', '44', 'position'],
    ['group', 'signer', `0x${'11'.repeat(20)}`, 'signature'],
    ['proof', 'index', 0, 'position'],
  ] as const)('a changed %s.%s fails', async (part, field, value, failed) => {
    folder.file('receipt.json', JSON.stringify({ ...BUNDLE, [part]: { ...BUNDLE[part], [field]: value } }));
    const ran = await verify(['receipt.json', '--json']);
    expect(ran.code).toBe(5);
    const { ok, checks } = JSON.parse(ran.out) as { ok: boolean; checks: { name: string; ok: boolean }[] };
    expect(ok).toBe(false);
    expect(checks.filter((check) => !check.ok).map(({ name }) => name)).toContain(failed);
  });

  test.each(['', '{}', 'not json', '{"format":"\\u001b[2J"}', '[]'])(
    'rubbish %j does not verify, in one line of plain text',
    async (text) => {
      const ran = await verify(['-'], text);
      expect(ran.code).toBe(5);
      expect(ran.out).toMatch(/^FAIL\tformat\t[^\t\n]+\n\nThe receipt does NOT verify/);
      expect(ran.out).not.toContain('\u{1b}');
    },
  );

  test('--json is one document', async () => {
    const ran = await verify(['receipt.json', '--json']);
    expect(JSON.parse(ran.out)).toMatchObject({
      ok: true,
      signer: SIGNER,
      receipt_hash: BUNDLE.receiptHash,
      remarks: [expect.stringContaining('SANDBOX'), expect.any(String)],
    });
  });
});

describe('show', () => {
  async function show(reply: Parameters<typeof fakeDaemon>[0][string], args: readonly string[] = []) {
    const daemon = await fakeDaemon({ [`GET /api/receipts/${ID}`]: reply });
    try {
      return { ...(await tally(['receipt', 'show', ID, '--url', daemon.url, ...args], { cwd: folder.cwd, env: HERE })), seen: daemon.seen };
    } finally {
      await daemon.close();
    }
  }
  const pending = [202, { status: 'unsigned', receipt_id: ID }] as const;

  test('waits for the signature, sends no token, and says what it is', async () => {
    const ran = await show([pending, pending, [200, BUNDLE]]);
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(ran.seen.map(({ authorization }) => authorization)).toEqual([undefined, undefined, undefined]);
    expect(ran.out).toContain(`receipt\t${ID}\ncall\t${CALL_ID}\nkind\tmetered\nmode\tSANDBOX`);
    expect(ran.out).toContain('model\tsandbox-small\ninput\t12\noutput\t40\ncharged\t52 tokens\namount\t0.000000 credits\n');
  });

  test('--json is the bundle, which verifies', async () => {
    const ran = await show([200, BUNDLE], ['--json']);
    expect(JSON.parse(ran.out)).toEqual(BUNDLE);
    expect((await tally(['receipt', 'verify', '-'], { cwd: folder.cwd, stdin: ran.out })).code).toBe(0);
  });

  test('what does not verify is not shown as a receipt', async () => {
    const ran = await show([200, { ...BUNDLE, receipt: { ...BUNDLE.receipt, charged: '1' } }]);
    expect(ran.code).toBe(5);
    expect(ran.out).toContain('FAIL\thash\t');
    expect(ran.out).not.toContain('charged');
  });

  test('gives up in the end', async () => {
    const ran = await show([pending], ['--wait', '1']);
    expect(ran.code).toBe(1);
    expect(ran.err).toContain('error RECEIPT_PENDING: There is no receipt to show yet: its signature is not made yet.');
    expect((await show([404, { error: { code: 'NOT_FOUND', message: 'No.', fix: '' } }])).code).toBe(4);
  });
});

test('amounts are written without floats', () => {
  expect([0n, 1n, 1_500_000n, 12_345_678_901_234_567_890n].map(credits)).toEqual([
    '0.000000',
    '0.000001',
    '1.500000',
    '12345678901234.567890',
  ]);
});
