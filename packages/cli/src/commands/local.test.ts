import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FakeDaemon, fakeDaemon, HERE, tally, workFolder } from '../testing/harness.ts';

/** Stands in for the daemon's program: tells what it was asked, or fails as told by its argument. */
const PROGRAM = `
const [command, , folder] = process.argv.slice(2);
if (folder?.endsWith('locked')) {
  process.stderr.write('{"level":"warn"}\\n{"error":{"code":"DATA_LOCKED","message":"Taken.","fix":"Stop it."}}\\n');
  process.exit(1);
}
if (folder?.endsWith('bad')) {
  process.stderr.write('{"error":{"code":"BACKUP_INVALID","message":"Not whole.","fix":"Choose."}}\\n');
  process.exit(1);
}
if (folder?.endsWith('silent')) process.exit(7);
const findings = [{ check: command, ok: command === 'doctor', detail: 'by the program' }];
process.stdout.write(JSON.stringify({ ok: command === 'doctor', findings, folder, made_at: 0, shred_mode: 'shreddable', files: {}, sources_frozen: 2, secrets_missing: 0 }) + '\\n');
`;
const REPORT = { ok: true, findings: [{ check: 'books', ok: true, detail: 'by the daemon' }] };

let daemon: FakeDaemon;
let folder: ReturnType<typeof workFolder>;
let daemonMain: string;
const ran = (args: readonly string[], env = {}) => tally(args, { cwd: folder.cwd, env: { ...HERE, ...env }, daemonMain });

beforeEach(async () => {
  daemon = await fakeDaemon({
    'GET /api/admin/audit/verify': [200, REPORT],
    'GET /api/admin/doctor': [200, { ok: false, findings: [{ check: 'disk', ok: false, detail: '1 MiB\nfree' }] }],
    'POST /api/admin/backup': [201, { folder: '/b', made_at: 0, shred_mode: 'shreddable', files: { a: 'x', b: 'y' } }],
  });
  folder = workFolder(daemon.url);
  daemonMain = folder.file('program.mjs', PROGRAM);
  folder.file('ledger.db', '');
});
afterEach(async () => {
  await daemon.close();
  folder.remove();
});

describe('with the daemon up', () => {
  test('audit verify and doctor ask it', async () => {
    expect(await ran(['audit', 'verify'])).toMatchObject({ code: 0, out: 'ok\tbooks\tby the daemon\n' });
    expect(await ran(['doctor'])).toMatchObject({ code: 5, out: 'FAIL\tdisk\t1 MiB free\n', err: '' });
    expect(JSON.parse((await ran(['doctor', '--json'])).out)).toMatchObject({ ok: false });
  });

  test('backup gives it an absolute folder', async () => {
    expect((await ran(['backup', 'to/here'])).out).toContain('files\t2\n');
    expect(daemon.seen.at(-1)?.body).toEqual({ folder: join(folder.cwd, 'to/here') });
    const far = await ran(['backup', 'to/here', '--url', 'https://gateway.example']);
    expect(far).toMatchObject({ code: 2 });
  });

  test('restore refuses', async () => {
    for (const env of [{}, { TALLY_URL: 'http://127.0.0.1:1' }]) {
      const { code, err } = await ran(['restore', 'from'], env);
      expect(code).toBe(1);
      expect(err).toContain('error DATA_LOCKED: A daemon is running');
    }
  });
});

test('a daemon that hangs is not taken for none', async () => {
  const { createServer } = await import('node:net');
  const server = createServer(() => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  folder.file('daemon.json', JSON.stringify({ url: `http://127.0.0.1:${(server.address() as { port: number }).port}` }));
  const [audit, restored] = await Promise.all([ran(['audit', 'verify']), ran(['restore', 'from'])]);
  expect([audit.code, restored.code]).toEqual([3, 3]);
  expect(audit.err).toContain('did not answer in time');
  server.close();
});

test('an old mark that leads to somebody else counts as none', async () => {
  const other = await fakeDaemon({ 'GET /healthz': '<html>' });
  folder.file('daemon.json', JSON.stringify({ url: other.url }));
  expect((await ran(['doctor'])).out).toContain('by the program');
  await other.close();
});

describe('with the daemon down', () => {
  beforeEach(() => daemon.close());

  test('the data folder itself is looked at', async () => {
    expect(await ran(['audit', 'verify'])).toMatchObject({ code: 5, out: 'FAIL\taudit-verify\tby the program\n', err: '' });
    expect(await ran(['doctor'])).toMatchObject({ code: 0, out: 'ok\tdoctor\tby the program\n' });
    expect((await ran(['backup', 'to'])).out).toContain(`folder\t${join(folder.cwd, 'to')}\n`);
    expect((await ran(['restore', 'from'])).out).toBe('restored\tyes\nsources_frozen\t2\nsecrets_missing\t0\n');
  });

  test('what the program says is passed on, with the exit that fits', async () => {
    expect(await ran(['backup', 'locked'])).toMatchObject({ code: 1, err: 'error DATA_LOCKED: Taken. Stop it.\n' });
    expect(await ran(['backup', 'bad'])).toMatchObject({ code: 4, err: 'error BACKUP_INVALID: Not whole. Choose.\n' });
    expect((await ran(['restore', 'silent', '--json'])).err).toContain('ended with 7');
  });

  test('a daemon that was named is the one that is meant', async () => {
    expect((await ran(['audit', 'verify', '--url', daemon.url])).code).toBe(3);
    expect((await ran(['doctor'], { TALLY_URL: daemon.url })).code).toBe(3);
    expect((await ran(['restore', 'from', '--url', daemon.url])).code).toBe(2);
  });

  test('a folder without books is not made into one', async () => {
    const { code, err } = await ran(['doctor'], { TALLY_DATA_DIR: 'typo' });
    expect(code).toBe(3);
    expect(err).toContain('has no books');
    expect(existsSync(join(folder.cwd, 'typo'))).toBe(false);
  });
});

describe('start and sandbox', () => {
  test('become the programs', async () => {
    expect((await ran(['start'])).replaced).toEqual([[daemonMain]]);
    expect((await ran(['start', '--json'])).replaced).toEqual([[daemonMain, '--json']]);
    const data = join(folder.cwd, 'sandbox-alone');
    expect((await ran(['sandbox'])).replaced).toEqual([['/nowhere/sandbox.ts', '--port', '8403', '--data', data]]);
    expect((await ran(['sandbox', '--port', '0', '--data', 'count'])).replaced).toEqual([
      ['/nowhere/sandbox.ts', '--port', '0', '--data', join(folder.cwd, 'count')],
    ]);
  });

  test('where that fails, it is said', async () => {
    expect(await ran(['start'])).toMatchObject({ code: 78, err: expect.stringContaining('npm start') });
  });
});
