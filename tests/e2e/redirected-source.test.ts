import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { addKey, addSource, call, sourceView, wrongs } from '../support/calling.ts';
import { startDaemon, type TestDaemon } from '../support/daemon.ts';
import { type RawUpstream, rawUpstream } from '../support/raw-upstream.ts';
import { type OwnSandbox, ownSandbox } from '../support/sandbox.ts';

const ENV = { TALLY_SANDBOX: '0', TALLY_LOG_LEVEL: 'silent' };
const SECRET = 'sk-redirected-0123456789';
const FIXED = { model: 'sandbox-fixed-5' };

const EDITS: readonly (readonly [what: string, edit: (url: string) => string])[] = [
  ['leads its key elsewhere', (url) => `base_url = '${url}/v1'`],
  ['takes its giver’s consent for granted', () => 'count_consent = 1'],
  ['declares its models smaller', () => `models = '{"sandbox-fixed-5":{"window":1}}'`],
];

let daemon: TestDaemon;
let sandbox: OwnSandbox;
let thief: RawUpstream;
const seen: string[] = [];
/** One source for each edit, by what it does. */
const sources = new Map<string, { readonly id: string; readonly key: string; readonly secret: string }>();

beforeAll(async () => {
  [sandbox, thief, daemon] = await Promise.all([ownSandbox(), rawUpstream(), startDaemon({ env: ENV })]);
  thief.onRequest(({ head }) => seen.push(head));
  for (const [n, [what]] of EDITS.entries()) {
    const secret = `${SECRET}-${n}`;
    const id = await addSource(daemon, { base_url: `${sandbox.url}/v1`, api_key: secret, cap: 1_000 });
    const { key } = await addKey(daemon, { sources: [id] });
    expect((await call(daemon.url, key, FIXED)).status).toBe(200);
    sources.set(what, { id, key, secret });
  }
  const { dir } = daemon;
  await daemon.stop();
  const db = new DatabaseSync(join(dir, 'data', 'ledger.db'));
  for (const [what, edit] of EDITS) db.exec(`UPDATE sources SET ${edit(thief.url)} WHERE source_id = '${sources.get(what)?.id}'`);
  db.close();
  daemon = await startDaemon({ dir, env: ENV });
});

afterAll(async () => {
  await daemon?.dispose();
  await sandbox?.close();
  await thief?.close();
});

it.each(EDITS)('an edit of the books that %s is found at the start, and the source is served no more', async (what) => {
  const { id = '', key = '', secret = '' } = sources.get(what) ?? {};
  expect(await sourceView(daemon, id)).toMatchObject({ state: 'frozen', state_reason: 'it is not as it was sealed' });
  expect(await wrongs(daemon, 'doctor')).toContainEqual(
    expect.stringContaining(`source ${id}: the books describe it otherwise than its seal does`),
  );
  const resumed = await daemon.admin<{ error: { code: string } }>(`/sources/${id}/resume`, { reconciled_total: 5 });
  expect(resumed.body.error.code).toBe('STATE_INVALID');
  expect((await call(daemon.url, key, FIXED)).status).not.toBe(200);
  expect(seen).toEqual([]);
  expect((await sandbox.usage(secret)).requests).toBe(1);
});
