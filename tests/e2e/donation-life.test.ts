import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { call, eventually, wrongs } from '../support/calling.ts';
import { expectSoundBooks } from '../support/calls.ts';
import { type Certificate, loopbackCertificate } from '../support/certificate.ts';
import { startDaemon, type TestDaemon, temporaryFolder } from '../support/daemon.ts';
import { AccountDonor, get, post, type Refusal, sandboxKey, type View, WalletDonor } from '../support/donating.ts';
import { inBooks, launchOf, openGates, poolKey } from '../support/gifts.ts';
import { describePostgres, type FreshDatabase, freshDatabase } from '../support/postgres.ts';

let daemon: TestDaemon;
let env: Readonly<Record<string, string>>;

async function open(more: Readonly<Record<string, string>> = {}): Promise<void> {
  env = { TALLY_LOG_LEVEL: 'warn', ...launchOf(), ...more };
  daemon = await startDaemon({ env });
}

async function restart(signal: NodeJS.Signals = 'SIGTERM', whileStopped: () => Promise<void> = async () => {}): Promise<void> {
  const { dir } = daemon;
  await daemon.stop(signal);
  await whileStopped();
  daemon = await startDaemon({ dir, env });
}

const donor = () => AccountDonor.make(() => daemon);
const gift = (more: Readonly<Record<string, unknown>> = {}) => ({
  provider: 'sandbox',
  api_key: sandboxKey(),
  donated_tokens: 100,
  ...more,
});
const asOperator = (id: string, act: string) => daemon.admin<View>(`/../ai-pool/donations/${id}/${act}`, {});

/** What is left of a key on this host's disk. */
function onDisk(id: string): readonly string[] {
  const data = join(daemon.dir, 'data');
  return readdirSync(data, { recursive: true, encoding: 'utf8' }).filter((name) => name.includes(id));
}

describe('a donation in use', () => {
  let key: string;
  beforeAll(async () => {
    await open();
    await restart('SIGTERM', () =>
      inBooks(daemon.dir, async (books) => {
        await openGates(books);
        ({ key } = await poolKey(books, 'pool'));
      }),
    );
  });
  afterAll(async () => {
    await expectSoundBooks(daemon);
    await daemon.dispose();
  });

  const use = (id: string, model = 'sandbox-fixed-5') => call(daemon.url, key, { model, headers: { 'x-tally-source': id } });

  it('is used up to its last call, then destroyed at once, with a proof, and may be given again', async () => {
    const one = await donor();
    const given = gift({ donated_tokens: 22 });
    const { body } = await one.give(given);
    const id = body.key_id;
    expect(onDisk(id)).toHaveLength(2);
    for (let spent = 5; spent < 20; spent += 5) expect((await use(id)).status).toBe(200);
    const view = await one.until(id, 'destroyed');
    expect(view).toMatchObject({ spent: 20, left: 0, end: { as: 'depleted', by: 'pool' }, destruction: { mode: 'shreddable' } });
    expect(onDisk(id)).toEqual([]);
    expect(JSON.parse(String(view.destruction?.proof?.['line']))).toMatchObject({ kind: 'secret.destroyed', subject: id });
    expect(['MODEL_UNKNOWN', 'NO_AVAILABLE_KEYS']).toContain((await use(id)).code);
    const { body: whole } = await get<{ receipts: readonly { tokens: number }[] }>(daemon, `/donations/${id}`, {
      authorization: `Bearer ${one.token}`,
    });
    expect(whole.receipts.map(({ tokens }) => tokens)).toEqual([5, 5, 5, 5]);
    expect((await (await donor()).give(given)).status).toBe(201);
  });

  it('is paused by its donor and by the operator, each for themselves', async () => {
    const one = await donor();
    const { key_id: id } = (await one.give(gift())).body;
    expect((await one.act(id, 'pause')).body).toMatchObject({ state: 'paused', paused_by: ['donor'] });
    expect((await use(id)).code).toBe('NO_AVAILABLE_KEYS');
    expect((await asOperator(id, 'resume')).body).toMatchObject({ state: 'paused' });
    expect((await asOperator(id, 'pause')).body.paused_by).toEqual(['donor', 'operator']);
    await restart('SIGKILL');
    expect((await one.act(id, 'resume')).body).toMatchObject({ state: 'paused', paused_by: ['operator'] });
    expect((await use(id)).code).toBe('NO_AVAILABLE_KEYS');
    // The operator's own routes of sources do not go around that.
    for (const [act, body] of [
      ['pause', {}],
      ['resume', {}],
      ['limit', { limit: 1 }],
    ] as const)
      expect((await daemon.admin<{ error: { code: string } }>(`/sources/${id}/${act}`, body)).body.error.code).toBe('STATE_INVALID');
    expect((await asOperator(id, 'resume')).body).toMatchObject({ state: 'active', paused_by: [] });
    expect((await use(id)).status).toBe(200);
  });

  it('is lowered by its donor alone, for good', async () => {
    const wallet = await WalletDonor.of(daemon);
    const { body } = await post<{ key_id: string }>(daemon, '/donate', wallet.signed(gift()));
    const id = body.key_id;
    const lower = (change: unknown, token?: string) => post<View & Refusal>(daemon, `/donations/${id}/lower`, change, token);
    expect((await lower({ limit: 50 })).body.error).toBe('SIGNATURE_INVALID');
    expect((await lower({ ...wallet.lowering(id, 1, 50), limit: 60 })).body.error).toBe('SIGNATURE_INVALID');
    expect((await lower({ limit: 50 }, (await donor()).token)).body.error).toBe('NOT_FOUND');
    expect((await daemon.admin<{ error: string }>(`/../ai-pool/donations/${id}/lower`, { limit: 50 })).body.error).toBe('FORBIDDEN');
    expect((await lower(wallet.lowering(id, 1, 12))).body).toMatchObject({ limit: 12, left: 7, next_seq: 2 });
    expect((await use(id)).status).toBe(200);
    await eventually(
      'it is used up',
      async () => (await get<View>(daemon, `/donations/${id}`, wallet.headers('view', id))).body.state === 'destroyed',
    );
    await restart();
    expect(await wrongs(daemon)).toEqual([]);
  });

  it('is its donor’s to see and to destroy, and nobody else’s', async () => {
    const wallet = await WalletDonor.of(daemon);
    const { body } = await post<{ key_id: string }>(daemon, '/donate', wallet.signed(gift({ anonymous: true })));
    const id = body.key_id;
    const other = await WalletDonor.of(daemon);
    const see = async (headers: Record<string, string>) => (await get<Refusal>(daemon, `/donations/${id}`, headers)).status;
    expect(await see({})).toBe(401);
    expect(await see(other.headers('view', id))).toBe(404);
    expect(await see(wallet.headers('view', 'another'))).toBe(401);
    expect(await see({ authorization: `Bearer ${(await donor()).token}` })).toBe(404);
    const seeing = wallet.headers('view', id);
    expect([await see(seeing), await see(seeing)]).toEqual([200, 200]);
    const list = (headers: Record<string, string>) => get<{ donations: readonly View[] }>(daemon, '/donations', headers);
    expect((await list(wallet.headers('list', ''))).body.donations.map(({ key_id }) => key_id)).toEqual([id]);
    expect((await list(other.headers('list', ''))).body.donations).toEqual([]);

    const act = (by: unknown, name = 'destroy') => post<View & Refusal>(daemon, `/donations/${id}/${name}`, by);
    expect((await act(other.act('destroy', id))).body.error).toBe('NOT_FOUND');
    expect((await act(wallet.act('pause', id))).body.error).toBe('SIGNATURE_INVALID');
    expect((await act({ ...wallet.act('destroy', id), donor_address: other.address })).body.error).toBe('SIGNATURE_INVALID');
    expect((await act({ ...wallet.act('anonymous:false', id), anonymous: false }, 'anonymous')).body).toMatchObject({ anonymous: false });
    const pausing = wallet.act('pause', id);
    expect((await act(pausing, 'pause')).body.state).toBe('paused');
    expect((await act(pausing, 'pause')).body.error).toBe('NONCE_USED');
    expect((await act(wallet.act('destroy', id))).body).toMatchObject({ state: 'destroyed', end: { as: 'revoked', by: 'donor' } });
    expect(onDisk(id)).toEqual([]);
  });
});

describe('giving and destroying under kill -9', () => {
  afterEach(() => daemon.dispose());

  it('leaves each key either a donation that goes on, or nothing of it', async () => {
    await open();
    const gifts: { readonly one: AccountDonor; readonly given: ReturnType<typeof gift> }[] = [];
    for (const afterMs of [15, 60, 150]) {
      const one = await donor();
      const given = gift();
      gifts.push({ one, given });
      const answer = one.give(given).catch(() => null);
      await new Promise((resolve) => setTimeout(resolve, afterMs));
      await restart('SIGKILL');
      await answer;
    }
    for (const { one, given } of gifts) {
      const { body } = await get<{ donations: readonly View[] }>(daemon, '/donations', { authorization: `Bearer ${one.token}` });
      const [found] = body.donations;
      if (found === undefined || found.state === 'destroyed') {
        // What was not taken can be given, by whoever has not just given.
        expect(found === undefined ? [] : onDisk(found.key_id)).toEqual([]);
        expect((await (await donor()).give(given)).status).toBe(201);
        continue;
      }
      await one.until(found.key_id, 'active', 20_000);
      const destroying = one.act(found.key_id, 'destroy').catch(() => null);
      await new Promise((resolve) => setTimeout(resolve, 20));
      await restart('SIGKILL');
      await destroying;
      if ((await one.view(found.key_id)).state !== 'destroyed') await one.act(found.key_id, 'destroy');
      expect(await one.view(found.key_id)).toMatchObject({
        state: 'destroyed',
        destruction: { proof: { line: expect.stringContaining('secret.destroyed') } },
      });
      expect(onDisk(found.key_id)).toEqual([]);
    }
    await expectSoundBooks(daemon);
  });
});

describe('with several workers', () => {
  afterEach(() => daemon.dispose());

  it('a key is tried, lowered and destroyed as by one process', async () => {
    await open({ TALLY_WORKERS: '2' });
    const one = await donor();
    const { key_id: id } = (await one.give(gift())).body;
    expect((await one.act(id, 'lower', { limit: 60 })).body).toMatchObject({ state: 'active', limit: 60, spent: 5 });
    expect((await one.act(id, 'destroy')).body.state).toBe('destroyed');
    expect(onDisk(id)).toEqual([]);
    await expectSoundBooks(daemon);
  });
});

const certificate = loopbackCertificate();

describe.skipIf(certificate === null)(certificate === null ? 'behind TLS (needs openssl)' : 'behind TLS', () => {
  afterEach(() => daemon.dispose());

  it('the pool reaches the gateway’s own door by the daemon’s own certificate', async () => {
    const dir = temporaryFolder();
    const { cert, key } = certificate as Certificate;
    const [certFile, keyFile] = [join(dir, 'cert.pem'), join(dir, 'key.pem')];
    writeFileSync(certFile, cert);
    writeFileSync(keyFile, key);
    env = { TALLY_LOG_LEVEL: 'warn', TALLY_TLS_CERT_FILE: certFile, TALLY_TLS_KEY_FILE: keyFile };
    daemon = await startDaemon({ dir, env });
    const ask = (path: string, token: string, body: unknown) => tlsPost(`${daemon.url}${path}`, cert, token, body);
    const { token } = (await ask('/api/admin/donors', readFileSync(join(dir, 'data', 'admin-token'), 'utf8').trim(), { name: 'Ada' })) as {
      token: string;
    };
    expect(await ask('/api/ai-pool/donate', token, gift())).toMatchObject({ success: true, state: 'active' });
  });
});

describePostgres('with the books in PostgreSQL', () => {
  let database: FreshDatabase;
  afterEach(async () => {
    await daemon.dispose();
    await database.drop();
  });

  it('a key is tried, and its seal keeps its cap, whatever is followed from the books', async () => {
    database = await freshDatabase();
    await open({ DATABASE_URL: database.url });
    const one = await donor();
    const { key_id: id } = (await one.give(gift())).body;
    await restart();
    expect(await one.view(id)).toMatchObject({ state: 'active', limit: 100, left: 95 });
    expect((await one.act(id, 'lower', { limit: 60 })).body).toMatchObject({ limit: 60 });
    await restart();
    expect(await wrongs(daemon)).toEqual([]);
    expect((await one.act(id, 'destroy')).body.state).toBe('destroyed');
    expect(onDisk(id)).toEqual([]);
  });
});

/** As a caller that trusts this one certificate. */
function tlsPost(url: string, ca: Buffer, token: string, body: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
    const asking = request(url, { method: 'POST', ca, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => resolve(JSON.parse(Buffer.concat(chunks).toString())));
    });
    asking.on('error', reject).end(JSON.stringify(body));
  });
}
