import { spawn } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Books, openBooks } from '../../packages/server/src/app/books.ts';
import { loadConfig } from '../../packages/server/src/ground/config.ts';
import { addKey, addSource, call, type SourceView, sourceView, wrongs } from '../support/calling.ts';
import { cleanEnv, copyOfFolder, startDaemon, type TestDaemon, temporaryFolder } from '../support/daemon.ts';
import { between, pick, seeded } from '../support/random.ts';
import { type OwnSandbox, ownSandbox } from '../support/sandbox.ts';

const MAIN = fileURLToPath(new URL('../../packages/server/src/app/main.ts', import.meta.url));
const ENV = { TALLY_SANDBOX: '0', TALLY_LOG_LEVEL: 'silent' };
const FIXED = { model: 'sandbox-fixed-5' };

type Told = {
  readonly limits: Map<string, number>;
  readonly destroyed: Set<string>;
  readonly destroying: Set<string>;
  readonly keys: string[];
};

/** Works as an operator until the daemon dies under it; remembers only what was acknowledged. */
async function operate(daemon: TestDaemon, sandbox: OwnSandbox, random: () => number, told: Told): Promise<void> {
  for (let n = 0; ; n += 1) {
    const some = [...told.limits.keys()].filter((id) => !told.destroying.has(id));
    const act = some.length < 2 ? 'add' : pick(random, ['add', 'limit', 'limit', 'destroy', 'key']);
    const id = pick(random, some);
    if (act === 'add') {
      const added = await addSource(daemon, { base_url: `${sandbox.url}/v1`, api_key: `sk-${n}`, cap: 1_000 });
      told.limits.set(added, 1_000);
    } else if (act === 'key') {
      told.keys.push((await addKey(daemon)).key);
    } else if (act === 'limit') {
      const limit = (told.limits.get(id) as number) - between(random, 1, 9);
      const { status } = await daemon.admin(`/sources/${id}/limit`, { limit });
      if (status === 200) told.limits.set(id, limit);
    } else {
      told.destroying.add(id);
      const { status } = await daemon.admin(`/sources/${id}/destroy`, {});
      if (status === 200) told.destroyed.add(id);
    }
  }
}

/** Everything that was acknowledged is there; of what was not, either all or nothing that can be used. */
async function expectWhole(daemon: TestDaemon, told: Told): Promise<void> {
  const { body } = await daemon.admin<{ sources: SourceView[] }>('/sources');
  const byId = new Map(body.sources.map((view) => [view.id, view]));
  for (const [id, limit] of told.limits) {
    const view = byId.get(id);
    if (told.destroyed.has(id)) expect(view).toMatchObject({ state: 'destroyed', secret: 'destroyed' });
    else if (!told.destroying.has(id)) expect(view).toMatchObject({ state: 'active', secret: 'sealed' });
    expect(Number(view?.limit)).toBeLessThanOrEqual(limit);
  }
  for (const view of body.sources) {
    // A destruction that had begun is finished; one that had not leaves a source that works.
    expect([view.state, view.secret]).toEqual(view.state === 'destroyed' ? ['destroyed', 'destroyed'] : ['active', 'sealed']);
    if (view.state !== 'active') continue;
    const { key } = await addKey(daemon, { sources: [view.id] });
    expect((await call(daemon.url, key, FIXED)).status).toBe(200);
  }
  for (const key of told.keys)
    expect((await fetch(`${daemon.url}/v1/models`, { headers: { authorization: `Bearer ${key}` } })).status).toBe(200);
  expect(await wrongs(daemon, 'doctor')).toEqual([]);
}

describe('kill -9 while the operator works', () => {
  it('at random moments: what was acknowledged stands, and nothing half-done is usable', async () => {
    const random = seeded(11);
    const sandbox = await ownSandbox();
    let daemon = await startDaemon({ env: ENV });
    const { dir } = daemon;
    const told: Told = { limits: new Map(), destroyed: new Set(), destroying: new Set(), keys: [] };
    try {
      for (let kill = 0; kill < 5; kill += 1) {
        const work = operate(daemon, sandbox, random, told).catch(() => 'the daemon is gone');
        await sleep(between(random, 20, 260));
        await daemon.stop('SIGKILL');
        expect(await work).toBe('the daemon is gone');
        daemon = await startDaemon({ dir, env: ENV });
        await expectWhole(daemon, told);
      }
      expect(told.limits.size).toBeGreaterThan(1);
    } finally {
      await daemon.dispose();
      await sandbox.close();
    }
  });
});

/** The books of a stopped daemon, opened as the daemon opens them: for states that a kill leaves only now and then. */
async function inBooks(dir: string, work: (books: Awaited<ReturnType<typeof openBooks>>) => Promise<void>): Promise<void> {
  const config = loadConfig({ TALLY_DATA_DIR: join(dir, 'data') }, dir);
  const books = await openBooks(config, {}, null);
  try {
    await work(books);
  } finally {
    await books.close();
  }
}

describe('kill -9 between the two stores', () => {
  let sandbox: OwnSandbox;
  /** Of a daemon that was killed when it had one source. */
  let killed: { readonly dir: string; readonly id: string };

  beforeAll(async () => {
    sandbox = await ownSandbox();
    const daemon = await startDaemon({ env: ENV });
    const id = await addSource(daemon, { base_url: `${sandbox.url}/v1`, api_key: 'sk-between', cap: 1_000 });
    await daemon.stop('SIGKILL');
    killed = { dir: daemon.dir, id };
  });
  afterAll(async () => {
    rmSync(killed.dir, { recursive: true, force: true });
    await sandbox?.close();
  });

  async function stopped(work: (daemon: TestDaemon, id: string) => Promise<void>, between_: (dir: string, id: string) => Promise<void>) {
    const dir = copyOfFolder(killed.dir);
    await between_(dir, killed.id);
    const daemon = await startDaemon({ dir, env: ENV });
    try {
      await work(daemon, killed.id);
    } finally {
      await daemon.dispose();
    }
  }

  it('a source that is destroyed in the books, but whose secret is still sealed, is shredded at the next start', async () => {
    await stopped(
      async (daemon, id) => {
        expect(await sourceView(daemon, id)).toMatchObject({ state: 'destroyed', secret: 'destroyed' });
        expect(readdirSync(join(daemon.dir, 'data', 'slots', 'slots'))).toEqual([]);
        expect(readdirSync(join(daemon.dir, 'data', 'vault', 'sealed'))).toEqual([]);
      },
      (dir, id) => inBooks(dir, ({ ledger }) => ledger.setState(id, 'destroyed', 'killed after this')),
    );
  });

  it('a limit that is lowered in the vault, but not yet in the books, is lowered there too, without a freeze', async () => {
    await stopped(
      async (daemon, id) => {
        expect(await sourceView(daemon, id)).toMatchObject({ state: 'active', limit: '12', left: '12' });
        const { key } = await addKey(daemon, { sources: [id] });
        expect((await call(daemon.url, key, FIXED)).status).toBe(200);
        expect((await call(daemon.url, key, FIXED)).status).toBe(200);
        expect(await call(daemon.url, key, FIXED)).toMatchObject({ status: 402, code: 'CAP_EXCEEDED' });
        expect(await wrongs(daemon, 'doctor')).toEqual([]);
      },
      (dir, id) => inBooks(dir, async ({ vault }) => void (await vault.changeLimit({ id, seq: 1, limit: 12n, expiry: 0 }))),
    );
  });

  it('the same where the books are not known to be the latest: the seal’s limit holds when the operator resumes it', async () => {
    await stopped(
      async (daemon, id) => {
        expect(await sourceView(daemon, id)).toMatchObject({ state: 'frozen' });
        const { body } = await daemon.admin(`/sources/${id}/resume`, { reconciled_total: 0 });
        expect(body).toMatchObject({ state: 'active', limit: '12', left: '12' });
      },
      async (dir, id) => {
        await inBooks(dir, async ({ vault }) => void (await vault.changeLimit({ id, seq: 1, limit: 12n, expiry: 0 })));
        for (const name of ['anchor.json', 'heads.json']) rmSync(join(dir, 'data', 'slots', name));
      },
    );
  });

  const LOST = '019a0000-0000-7000-8000-000000000000';

  async function sealLost({ vault }: Pick<Books, 'vault'>): Promise<void> {
    await vault.audit('source.adding', LOST, {});
    await vault.seal({ id: LOST, provider: 'sandbox', donor: 'operator', ceiling: 5n, expiry: 0, epoch: 1 }, Buffer.from('sk-lost'));
  }

  it('a secret that is sealed, but has no account, is offered to nobody and shredded', async () => {
    await stopped(
      async (daemon) => {
        const { body } = await daemon.admin<{ sources: SourceView[] }>('/sources');
        expect(body.sources.map(({ id }) => id)).not.toContain(LOST);
        expect(readdirSync(join(daemon.dir, 'data', 'slots', 'slots'))).not.toContain(`${LOST}.slot`);
        expect(await wrongs(daemon, 'doctor')).toEqual([]);
      },
      (dir) => inBooks(dir, sealLost),
    );
  });

  it('a secret whose source was added is kept where the books do not know it: they are old, and the true ones need it', async () => {
    await stopped(
      async (daemon) => {
        expect(readdirSync(join(daemon.dir, 'data', 'slots', 'slots'))).toContain(`${LOST}.slot`);
        expect(await wrongs(daemon, 'doctor')).toEqual([expect.stringContaining('anchor')]);
      },
      (dir) =>
        inBooks(dir, async (books) => {
          await sealLost(books);
          await books.vault.audit('source.added', LOST, {});
        }),
    );
  });
});

describe('kill -9 during the first start', () => {
  it('at random moments: the next start comes up, with a source and a key that work', async () => {
    const random = seeded(23);
    const dir = temporaryFolder();
    for (let kill = 0; kill < 4; kill += 1) {
      const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, '--json'], {
        cwd: dir,
        env: cleanEnv({ PORT: '0', TALLY_CHAIN: 'off', TALLY_DATA_DIR: join(dir, 'data') }),
        stdio: 'ignore',
      });
      const ended = new Promise((resolve) => child.once('exit', resolve));
      await sleep(between(random, 150, 750));
      child.kill('SIGKILL');
      await ended;
    }
    const daemon = await startDaemon({ dir });
    try {
      const key = daemon.virtual_key ?? (await addKey(daemon)).key;
      expect((await call(daemon.url, key, FIXED)).status).toBe(200);
      expect(await wrongs(daemon, 'doctor')).toEqual([]);
    } finally {
      await daemon.dispose();
    }
  });
});
