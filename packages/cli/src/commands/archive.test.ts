import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FakeDaemon, fakeDaemon, HERE, tally, workFolder } from '../testing/harness.ts';

const PATH = '/api/admin/archives';
const month = (name: string) => ({
  ...{ month: name, state: 'done', file: `/data/archive/${name}.db`, sha256: `${name}-hash`, bytes: 4096 },
  ...{ postings: 6, receipts: 3, roots: 1, events: 4, sealed_at: 0 },
});
const archived = (name: string) => [200, { archived: month(name), next: null, why: null, dry_run: false }] as const;
const REFUSED = [200, { archived: null, next: '2026-03', why: 'kept', dry_run: false }] as const;

let daemon: FakeDaemon;
let folder: ReturnType<typeof workFolder>;
const ran = (...args: readonly string[]) => tally(['archive', ...args], { cwd: folder.cwd, env: HERE });

beforeEach(async () => {
  daemon = await fakeDaemon({
    [`POST ${PATH}`]: [archived('2026-01'), archived('2026-02'), REFUSED],
    [`GET ${PATH}`]: [200, { archives: [month('2026-01')] }],
    [`POST ${PATH}/verify`]: [200, { ok: false, findings: [{ check: 'archive', ok: false, detail: 'changed' }] }],
  });
  folder = workFolder(daemon.url);
});
afterEach(async () => {
  await daemon.close();
  folder.remove();
});

test('month after month, until there is no more', async () => {
  const { code, out } = await ran('--before', '2026-04', '--json');
  expect([code, JSON.parse(out)]).toEqual([
    0,
    { archived: [month('2026-01'), month('2026-02')], next: '2026-03', why: 'kept', dry_run: false },
  ]);
  const asked = daemon.seen.filter(({ path }) => path === PATH).map(({ body }) => body);
  expect(asked).toEqual(Array.from({ length: 3 }, () => ({ before: '2026-04', dry_run: false })));
});

test('where nothing is archived, it is said why', async () => {
  await ran('--before', '2026-04');
  expect(await ran('--before', '2026-04', '--dry-run')).toMatchObject({ code: 0, out: 'next\t2026-03\nwhy\tkept\n' });
  expect(daemon.seen.at(-1)?.body).toEqual({ before: '2026-04', dry_run: true });
});

test.each([[[]], [['--before', '2026-13']], [['--before', '2026-01-01']]])('%j is refused before anything is sent', async (args) => {
  expect(await ran(...args)).toMatchObject({ code: 2, err: expect.stringContaining('--before') });
  expect(daemon.seen.filter(({ path }) => path === PATH)).toEqual([]);
});

test('lists, and verifies a file of the daemon’s host', async () => {
  expect((await ran('list')).out).toContain('2026-01\t3\t6\t4\t4096\t1970-01-01T00:00:00.000Z\t2026-01-hash\n');
  expect(await ran('verify', 'some.db')).toMatchObject({ code: 5, out: 'FAIL\tarchive\tchanged\n' });
  expect(daemon.seen.at(-1)?.body).toEqual({ file: join(folder.cwd, 'some.db') });
  expect((await ran('verify', 'some.db', '--url', 'https://gateway.example')).code).toBe(2);
});
