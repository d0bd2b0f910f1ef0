import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Hex } from '@tallystick/core';
import { TallyError } from '@tallystick/core';
import { privateKeyToAccount } from 'viem/accounts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tally } from '../../packages/cli/src/testing/harness.ts';
import { type Books, openBooks } from '../../packages/server/src/app/books.ts';
import { archiveExport } from '../../packages/server/src/app/reconcile-archive.ts';
import { announceAndReconcile } from '../../packages/server/src/app/reconcile-steps.ts';
import { type Config, loadConfig } from '../../packages/server/src/ground/config.ts';
import { NOT_DONATED, type ReconcileRequest } from '../../packages/server/src/ledger/index.ts';
import { addKey, call, settledSource, sourceView, wrongs } from '../support/calling.ts';
import { copyOfFolder, type DaemonOptions, startDaemon as launch, type TestDaemon } from '../support/daemon.ts';
import { base64, type Interval, RESET, Reconciling, type View } from '../support/reconciling.ts';
import { type OwnSandbox, ownSandbox } from '../support/sandbox.ts';

const ENV = { TALLY_SANDBOX: '0', TALLY_LOG_LEVEL: 'silent' };
const DONOR = privateKeyToAccount(`0x${'42'.repeat(32)}`);
const CAP = 10_000;

const daemons: TestDaemon[] = [];
let sandbox: OwnSandbox;

beforeAll(async () => {
  sandbox = await ownSandbox();
});
afterAll(async () => {
  await Promise.all(daemons.map((daemon) => daemon.dispose()));
  await sandbox?.close();
});

async function startDaemon(options: DaemonOptions = {}): Promise<TestDaemon> {
  const daemon = await launch({ env: ENV, ...options });
  daemons.push(daemon);
  return daemon;
}

/** Kinds and data of what the audit log says of a source's reconciliations, in order. */
function audited({ daemon, id }: Reconciling): readonly { readonly kind: string; readonly data: Record<string, unknown> }[] {
  const lines = readFileSync(join(daemon.dir, 'data', 'vault', 'audit.log'), 'utf8')
    .trim()
    .split('\n');
  const entries = lines.map((line) => JSON.parse(line) as { kind: string; subject: string; data: Record<string, unknown> });
  return entries.filter(({ kind, subject }) => subject === id && kind.startsWith('source.reconcil'));
}

const kinds = (stage: Reconciling) => audited(stage).map(({ kind }) => kind.replace('source.', ''));

describe('the walk', () => {
  let stage: Reconciling;

  beforeAll(async () => {
    stage = await Reconciling.on(sandbox, await startDaemon());
  });

  it('what was burned and not billed comes back, once, with its export and its traces', async () => {
    const spent = await stage.burn();
    const billed = await stage.billed();
    expect(spent).toBeGreaterThan(billed);
    const interval = await stage.interval();
    const dry = await stage.reconcile(interval, { dry_run: true });
    const figures = { provider_total: String(billed), ours: String(spent), edge: '0', reported: '10', returned: String(spent - billed) };
    expect([dry.status, dry.body]).toMatchObject([200, { ...figures, added: '0', dry_run: true, why: null, consent: null }]);
    expect([await stage.spent(), audited(stage)]).toEqual([spent, []]);
    const done = await stage.reconcile(interval);
    expect([done.status, done.body]).toMatchObject([200, { ...figures, dry_run: false, resumed: false }]);
    expect(await sourceView(stage.daemon, stage.id)).toMatchObject({ spent: String(billed), left: String(CAP - billed), state: 'active' });
    expect(kinds(stage)).toEqual(['reconciling', 'reconciled']);
    expect(audited(stage)[0]?.data).toMatchObject({ provider_total: String(billed), export: done.body['export'] });
    const kept = join(stage.daemon.dir, 'data', 'reconciled');
    expect(readdirSync(kept)).toEqual([done.body['export']]);
    expect(readFileSync(join(kept, String(done.body['export'])), 'utf8')).toBe(await stage.exported(interval));
    expect(await stage.reconcile(interval)).toMatchObject({ status: 409, code: 'STATE_INVALID' });
    expect(await stage.spent()).toBe(billed);
    expect(await wrongs(stage.daemon, 'doctor')).toEqual([]);
    const metrics = await (await fetch(`${stage.daemon.url}/metrics`, { headers: { authorization: `Bearer ${token(stage)}` } })).text();
    expect(metrics).toContain(`tally_reconciliation_difference ${billed - spent}`);
  });

  it('the same by the command line, and a list of all of it', async () => {
    const tokens = await stage.spent();
    const began = (await stage.interval()).to;
    await call(stage.daemon.url, stage.key, RESET);
    await settledSource(stage.daemon, stage.id);
    const interval = { from: stage.from, to: (await stage.interval()).to };
    expect(await stage.reconcile(interval, { dry_run: true })).toMatchObject({ code: 'STATE_INVALID' });
    const after = { ...interval, from: began };
    writeFileSync(join(stage.daemon.dir, 'usage.csv'), await stage.exported(after));
    const setting = { cwd: stage.daemon.dir, env: { TALLY_DATA_DIR: 'data' } };
    const times = ['--from', new Date(after.from).toISOString(), '--to', new Date(after.to).toISOString(), '--export', 'usage.csv'];
    const { code, out } = await tally(['reconcile', stage.id, ...times], setting);
    expect(code).toBe(0);
    expect(out).toMatch(/^given_back\t[1-9]\d*$/m);
    expect(await stage.spent()).toBe(await stage.billed());
    expect(await stage.spent()).toBeGreaterThan(tokens);
    const listed = await tally(['reconcile', 'list', stage.id], setting);
    expect(listed.out.trim().split('\n')).toHaveLength(3);
  });

  it('what the provider has beyond ours is added, and all of it is there after a restart', async () => {
    const before = await stage.spent();
    const { to: from } = await stage.interval();
    await fetch(`${sandbox.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${stage.apiKey}` },
      body: JSON.stringify({ model: 'sandbox-fixed-100', messages: [{ role: 'user', content: 'elsewhere' }] }),
    });
    const { to } = await stage.interval();
    expect((await stage.reconcile({ from, to })).body).toMatchObject({ added: '100', returned: '0', not_returned: 'not_below' });
    expect(await stage.spent()).toBe(before + 100);
    await stage.daemon.stop();
    stage.daemon = await startDaemon({ dir: stage.daemon.dir });
    expect(await stage.spent()).toBe(before + 100);
    const { body } = await stage.daemon.admin<{ reconciliations: View[] }>(`/sources/${stage.id}/reconciliations`);
    expect(body.reconciliations.map(({ added }) => added)).toEqual(['0', '0', '100']);
    expect(await wrongs(stage.daemon, 'doctor')).toEqual([]);
  });

  it('an export that is changed or lost is a finding', async () => {
    const kept = join(stage.daemon.dir, 'data', 'reconciled');
    const [first, second] = readdirSync(kept) as [string, string];
    writeFileSync(join(kept, first), 'x');
    rmSync(join(kept, second));
    const found = (await wrongs(stage.daemon, 'doctor')).join('\n');
    expect(found).toContain(`the export ${first} was changed`);
    expect(found).toContain(`the export ${second} is gone`);
  });
});

function token({ daemon }: Reconciling): string {
  return readFileSync(join(daemon.dir, 'data', 'admin-token'), 'utf8').trim();
}

describe('what is refused', () => {
  let stage: Reconciling;
  let interval: Interval;
  let table: string;

  beforeAll(async () => {
    stage = await Reconciling.on(sandbox, await startDaemon());
    await stage.burn();
    interval = await stage.interval();
    table = await stage.exported(interval);
  });

  it.each<[string, () => object, number, string]>([
    ['an unknown field', () => ({ force: true }), 400, 'INPUT_INVALID'],
    ['a format of another provider', () => ({ format: 'openai' }), 400, 'INPUT_INVALID'],
    ['a format that is none', () => ({ format: 'xlsx' }), 400, 'INPUT_INVALID'],
    ['an end before the start', () => ({ to: interval.from - 1 }), 400, 'INPUT_INVALID'],
    ['no export', () => ({ export: undefined }), 400, 'INPUT_INVALID'],
    ['what is no base64', () => ({ export: '%%%' }), 400, 'INPUT_INVALID'],
    ['bytes that are no text', () => ({ export: Buffer.from([0xff, 0xfe]).toString('base64') }), 400, 'INPUT_INVALID'],
    ['rows beyond the interval', () => ({ from: interval.to, to: interval.to + 1000 }), 400, 'INPUT_INVALID'],
    ['another source’s total', () => ({ export: base64(JSON.stringify(stated({ source: 'other' }))) }), 400, 'INPUT_INVALID'],
    ['another interval’s total', () => ({ export: base64(JSON.stringify(stated({ to: iso(interval.to + 1000) }))) }), 400, 'INPUT_INVALID'],
    ['an end in the future', () => ({ to: Date.now() + 3_600_000 }), 409, 'STATE_INVALID'],
    ['to resume what is not frozen', () => ({ resume: true }), 409, 'STATE_INVALID'],
    ['a consent of another shape', () => ({ consent: { amount: '1', signature: '0x00' } }), 400, 'INPUT_INVALID'],
  ])('%s, and nothing is written', async (_, more, status, code) => {
    const before = await stage.spent();
    const answer = await stage.ask({ ...interval, export: base64(table), ...more() });
    expect([answer.status, answer.code]).toEqual([status, code]);
    expect(answer.message).not.toContain(stage.apiKey);
    expect([await stage.spent(), audited(stage)]).toEqual([before, []]);
    expect(existsSync(join(stage.daemon.dir, 'data', 'reconciled'))).toBe(false);
  });

  it('an export of a megabyte, a source that is not there, and those who are not the operator', async () => {
    expect(await stage.ask({ ...interval, export: base64(`timestamp,tokens\n${' '.repeat(720_000)}`) })).toMatchObject({ status: 400 });
    const { status } = await stage.daemon.admin('/sources/nobody/reconcile', { ...interval, export: base64(table) });
    expect(status).toBe(404);
    const path = `${stage.daemon.url}/api/admin/sources/${stage.id}`;
    for (const headers of [{}, { authorization: `Bearer ${stage.key}` }]) {
      expect((await fetch(`${path}/reconcile`, { method: 'POST', headers, body: '{}' })).status).toBe(403);
      expect((await fetch(`${path}/reconciliations`, { headers })).status).toBe(403);
    }
  });

  it('an interval that has just ended, where the provider counts late', async () => {
    const { id } = (
      await stage.daemon.admin<{ id: string }>('/sources', {
        name: 'late',
        provider: 'openai-compatible',
        base_url: `${sandbox.url}/v1`,
        api_key: 'sk-late',
        cap: CAP,
        models: { m: { window: 1000, maxOutput: 100, endpoints: ['chat'] } },
      })
    ).body;
    const { status, body } = await stage.daemon.admin<{ error: { message: string } }>(`/sources/${id}/reconcile`, {
      ...interval,
      export: base64('timestamp,tokens\n'),
    });
    expect([status, body.error.message]).toEqual([409, expect.stringContaining('over for long enough')]);
  });

  const iso = (ms: number) => new Date(ms).toISOString();
  const stated = (more: object) => ({ source: stage.id, from: iso(interval.from), to: iso(interval.to), total_tokens: 10, ...more });
});

/** The books of a stopped daemon, opened as the daemon opens them. */
async function inBooks(dir: string, work: (books: Books, config: Config) => Promise<void>): Promise<void> {
  const config = loadConfig({ TALLY_DATA_DIR: join(dir, 'data') }, dir);
  const books = await openBooks(config, {}, null);
  try {
    await work(books, config);
  } finally {
    await books.close();
  }
}

describe('a donated key', () => {
  it('gets back no more than its donor has signed', async () => {
    const apiKey = Reconciling.newApiKey();
    const id = '019a0000-0000-7000-8000-0000000d0402';
    const donor = DONOR.address.toLowerCase() as Hex;
    const first = await startDaemon();
    await first.stop();
    await inBooks(first.dir, async ({ vault, ledger, clock }) => {
      await vault.seal({ id, provider: 'sandbox', donor, ceiling: BigInt(CAP), expiry: 0, epoch: 1 }, Buffer.from(apiKey));
      const row = { id, name: 'gift', provider: 'sandbox', baseUrl: `${sandbox.url}/v1`, mode: 1, settle: 'metered' } as const;
      const account = { id, kind: 'source', tenantId: 'operator', asset: 'tokens', ceiling: BigInt(CAP), limit: BigInt(CAP) } as const;
      await ledger.addSource({ ...row, ...NOT_DONATED, countConsent: false, models: '{}', tariff: '[]', createdAt: clock.wallMs() }, [
        account,
      ]);
    });
    const daemon = await startDaemon({ dir: first.dir });
    const from = Math.floor(Date.now() / 1000) * 1000;
    const stage = new Reconciling(sandbox, daemon, id, (await addKey(daemon, { sources: [id] })).key, apiKey, from);
    const spent = await stage.burn();
    const excess = spent - (await stage.billed());
    const interval = await stage.interval();
    const dry = await stage.reconcile(interval, { dry_run: true });
    expect(dry.body).toMatchObject({ returned: String(excess), consent: { donor } });
    const { typed_data } = dry.body['consent'] as unknown as { typed_data: Parameters<typeof DONOR.signTypedData>[0] };
    const signature = await DONOR.signTypedData(typed_data);
    const asked = typed_data.message as Record<string, unknown>;
    const less = await DONOR.signTypedData({ ...typed_data, message: { ...asked, amount: '3' } });
    const stranger = await privateKeyToAccount(`0x${'43'.repeat(32)}`).signTypedData(typed_data);
    expect(await stage.reconcile(interval)).toMatchObject({ status: 400, message: expect.stringContaining('consent') });
    for (const consent of [
      { amount: String(excess), signature: stranger },
      { amount: String(excess + 1), signature },
      { amount: String(excess), signature: less },
    ]) {
      expect(await stage.reconcile(interval, { consent })).toMatchObject({ status: 400, code: 'INPUT_INVALID' });
    }
    expect([await stage.spent(), audited(stage)]).toEqual([spent, []]);
    const done = await stage.reconcile(interval, { consent: { amount: '3', signature: less } });
    expect(done.body).toMatchObject({ returned: '3' });
    expect(await stage.spent()).toBe(spent - 3);
    expect(audited(stage)[0]?.data).toMatchObject({ consent: less, return_max: '3' });
    expect(await wrongs(daemon, 'doctor')).toEqual([]);
  });
});

describe('kill -9 between audit log and books', () => {
  type Cut = (books: Books, config: Config, request: ReconcileRequest) => Promise<unknown>;

  /** Of a daemon that was killed when it had burned a call: all begin there. */
  let killed: { stage: Reconciling; dir: string; interval: Interval; bytes: Buffer; spent: number; billed: number };

  beforeAll(async () => {
    const stage = await Reconciling.on(sandbox, await startDaemon());
    const spent = await stage.burn();
    const interval = await stage.interval();
    const bytes = Buffer.from(await stage.exported(interval));
    await stage.daemon.stop('SIGKILL');
    killed = { stage, dir: stage.daemon.dir, interval, bytes, spent, billed: await stage.billed() };
  });

  /** Does `cut` as a daemon would have that was killed in it, and starts again. */
  async function cutShort(
    cut: Cut,
    after: (dir: string) => void = () => {},
  ): Promise<{ stage: Reconciling; spent: number; billed: number }> {
    const { stage, interval, bytes, spent, billed } = killed;
    const dir = copyOfFolder(killed.dir);
    await inBooks(dir, async (books, config) => {
      const exportHash = await archiveExport(config, bytes);
      const none = { keyRef: '', consent: '', returnMax: 2n ** 62n, lagMs: 0, edgeMs: 0, resume: false };
      await cut(books, config, { sourceId: stage.id, ...interval, providerTotal: BigInt(billed), exportHash, ...none }).catch(() => 'cut');
    });
    after(dir);
    stage.daemon = await startDaemon({ dir });
    return { stage, spent, billed };
  }

  const dies = async () => {
    throw new TallyError('LEDGER_UNAVAILABLE');
  };

  async function expectFinished({ stage, billed }: { stage: Reconciling; billed: number }): Promise<void> {
    expect(await stage.spent()).toBe(billed);
    expect(kinds(stage)).toEqual(['reconciling', 'reconciled']);
    expect(readdirSync(join(stage.daemon.dir, 'data', 'reconciled')).filter((name) => name.endsWith('.pending'))).toEqual([]);
    expect(await wrongs(stage.daemon, 'doctor')).toEqual([]);
    const { body } = await stage.daemon.admin<{ reconciliations: View[] }>(`/sources/${stage.id}/reconciliations`);
    expect(body.reconciliations).toHaveLength(1);
  }

  it('what was announced and not posted is posted at the next start', async () => {
    const done = await cutShort(({ vault, ledger }, config, request) =>
      announceAndReconcile({ config, vault, ledger: { ...ledger, reconcile: dies } }, request),
    );
    await expectFinished(done);
  });

  it('what was posted and not yet written down as done is so at the next start, and posted once', async () => {
    const done = await cutShort(({ vault, ledger }, config, request) => {
      const audit: typeof vault.audit = async (kind, subject, data) =>
        kind === 'source.reconciled' ? dies() : vault.audit(kind, subject, data);
      const half = new Proxy(vault, { get: (target, name) => (name === 'audit' ? audit : Reflect.get(target, name).bind(target)) });
      return announceAndReconcile({ config, vault: half, ledger }, request);
    });
    await expectFinished(done);
  });

  it('what the books refuse by then is written down as refused, and comes up no more', async () => {
    const { stage, billed } = await cutShort(async ({ vault, ledger }, config, request) => {
      await ledger.reconcile({ ...request, exportHash: 'f'.repeat(64) });
      await announceAndReconcile({ config, vault, ledger: { ...ledger, reconcile: dies } }, request);
    });
    expect(await stage.spent()).toBe(billed);
    expect(kinds(stage)).toEqual(['reconciling', 'reconcile_refused']);
    expect((await wrongs(stage.daemon, 'doctor')).join()).toBe(`reconciliations: the export ${'f'.repeat(64)} is gone`);
  });

  it('in books that are not known to be the latest it waits, and doctor says so', async () => {
    const { stage, spent } = await cutShort(
      ({ vault, ledger }, config, request) => announceAndReconcile({ config, vault, ledger: { ...ledger, reconcile: dies } }, request),
      (dir) => {
        for (const name of ['anchor.json', 'heads.json']) rmSync(join(dir, 'data', 'slots', name));
      },
    );
    expect(await sourceView(stage.daemon, stage.id)).toMatchObject({ state: 'frozen', spent: String(spent) });
    expect((await wrongs(stage.daemon, 'doctor')).join('\n')).toContain('is in the audit log and not yet in the books');
  });
});
