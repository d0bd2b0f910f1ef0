import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, expect, it } from 'vitest';
import { addKey, addSource, call, sourceView, wrongs } from '../support/calling.ts';
import { startDaemon, type TestDaemon } from '../support/daemon.ts';
import { type RawUpstream, rawUpstream } from '../support/raw-upstream.ts';
import { type OwnSandbox, ownSandbox } from '../support/sandbox.ts';

const ENV = { TALLY_SANDBOX: '0', TALLY_LOG_LEVEL: 'silent' };
const SECRET = 'sk-redirected-0123456789';
const FIXED = { model: 'sandbox-fixed-5' };

let daemon: TestDaemon | undefined;
let sandbox: OwnSandbox | undefined;
let thief: RawUpstream | undefined;

afterEach(async () => {
  await daemon?.dispose();
  await sandbox?.close();
  await thief?.close();
});

it.each([
  ['leads its key elsewhere', (url: string) => `base_url = '${url}/v1'`],
  ['takes its giver’s consent for granted', () => 'count_consent = 1'],
  ['declares its models smaller', () => `models = '{"sandbox-fixed-5":{"window":1}}'`],
])('an edit of the books that %s is found at the start, and the source is served no more', async (_, edit) => {
  sandbox = await ownSandbox();
  thief = await rawUpstream();
  const seen: string[] = [];
  thief.onRequest(({ head }) => seen.push(head));
  daemon = await startDaemon({ env: ENV });
  const id = await addSource(daemon, { base_url: `${sandbox.url}/v1`, api_key: SECRET, cap: 1_000 });
  const { key } = await addKey(daemon, { sources: [id] });
  expect((await call(daemon.url, key, FIXED)).status).toBe(200);
  const { dir } = daemon;
  await daemon.stop();
  const db = new DatabaseSync(join(dir, 'data', 'ledger.db'));
  db.exec(`UPDATE sources SET ${edit(thief.url)} WHERE source_id = '${id}'`);
  db.close();
  daemon = await startDaemon({ dir, env: ENV });
  expect(await sourceView(daemon, id)).toMatchObject({ state: 'frozen', state_reason: 'it is not as it was sealed' });
  expect((await wrongs(daemon, 'doctor')).join()).toContain('otherwise than its seal does');
  const resumed = await daemon.admin<{ error: { code: string } }>(`/sources/${id}/resume`, { reconciled_total: 5 });
  expect(resumed.body.error.code).toBe('STATE_INVALID');
  expect((await call(daemon.url, key, FIXED)).status).not.toBe(200);
  expect(seen).toEqual([]);
  expect((await sandbox.usage(SECRET)).requests).toBe(1);
});
