import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FakeDaemon, fakeDaemon, HERE, tally, workFolder } from '../testing/harness.ts';

const VIEW = {
  source: 'src_1',
  kind: 'interval',
  from: Date.parse('2026-03-01T00:00:00Z'),
  to: Date.parse('2026-03-02T00:00:00Z'),
  provider_total: '10',
  ours: '27',
  edge: '0',
  reported: '7',
  ambiguous: '17',
  returned: '17',
  added: '0',
  export: 'ab'.repeat(32),
  key_id: null,
  at: 0,
  dry_run: false,
  not_returned: null,
  why: null,
  resumed: false,
  consent: null,
};
const INTERVAL = ['--from', '2026-03-01', '--to', '2026-03-02T00:00:00Z'];

let daemon: FakeDaemon;
let folder: ReturnType<typeof workFolder>;
const ran = (...args: string[]) => tally(['reconcile', ...args], { cwd: folder.cwd, env: HERE });

beforeEach(async () => {
  const dry = { ...VIEW, dry_run: true, returned: '0', why: 'Nothing was burned.', consent: { donor: '0xd0', typed_data: { a: 1 } } };
  daemon = await fakeDaemon({
    'POST /api/admin/sources/src_1/reconcile': [
      [200, VIEW],
      [200, dry],
    ],
    'GET /api/admin/sources/src_1/reconciliations': [200, { reconciliations: [VIEW, { ...VIEW, kind: 'total', export: null }] }],
    'GET /api/admin/sources/src_2/reconciliations': [200, { reconciliations: [] }],
  });
  folder = workFolder(daemon.url);
  folder.file('usage.csv', 'timestamp,tokens\n');
});
afterEach(async () => {
  await daemon.close();
  folder.remove();
});

test('sends the export as it is, with the interval', async () => {
  folder.file('consent.json', JSON.stringify({ amount: '1_7', signature: '0xAB' }));
  const more = ['--key-id', 'key_1', '--format', 'plain', '--consent', 'consent.json', '--resume'];
  const { code, out } = await ran('src_1', ...INTERVAL, '--export', 'usage.csv', ...more);
  expect(code).toBe(0);
  expect(out).toContain('given_back\t17\n');
  expect(out).toContain('from\t2026-03-01T00:00:00.000Z\n');
  expect(daemon.seen.at(-1)?.body).toEqual({
    from: VIEW.from,
    to: VIEW.to,
    export: Buffer.from('timestamp,tokens\n').toString('base64'),
    format: 'plain',
    key_id: 'key_1',
    consent: { amount: '17', signature: '0xab' },
    resume: true,
  });
});

test('a dry run says what would be, why not, and what is to be signed', async () => {
  await ran('src_1', ...INTERVAL, '--export', 'usage.csv');
  const { out } = await ran('src_1', ...INTERVAL, '--export', 'usage.csv', '--dry-run');
  expect(out).toContain('would_be_given_back\t0\n');
  expect(out).toContain('why_not\tNothing was burned.\n');
  expect(out).toContain('needs_the_consent_of\t0xd0\nto_be_signed\t{"a":1}\n');
  expect(daemon.seen.at(-1)?.body).toMatchObject({ dry_run: true });
});

test('lists what was compared', async () => {
  const { out } = await ran('list', 'src_1');
  const [heading, first, second] = out.split('\n');
  expect(heading).toBe('from\tto\tprovider\tours\tambiguous\tgiven_back\tadded\texport');
  expect(first).toBe(`2026-03-01T00:00:00.000Z\t2026-03-02T00:00:00.000Z\t10\t27\t17\t17\t0\t${'ab'.repeat(32)}`);
  expect(second).toMatch(/^the beginning\t.*\t-$/);
  expect(await ran('list', 'src_2')).toMatchObject({ code: 0 });
});

test.each([
  [['--from', 'yesterday', '--to', '2026-03-02'], '--from is not a time'],
  [['--from', '2026-03-02', '--to', '2026-03-01'], '--to is not after --from'],
  [['--from', '2026-03-01T00:00:00.5Z', '--to', '2026-03-02'], 'whole seconds'],
  [['--from', '2026-03-01', '--to', '2026-03-02', '--export', 'none.csv'], 'cannot be read'],
  [['--from', '2026-03-01', '--to', '2026-03-02', '--consent', 'usage.csv'], 'not valid JSON'],
  [['--from', '2026-03-01'], '--to is needed'],
])('%j is refused, and nothing is sent', async (args, why) => {
  const { code, err } = await ran('src_1', '--export', 'usage.csv', ...args);
  expect([code, daemon.seen.length]).toEqual([2, 0]);
  expect(err).toContain(why);
});
