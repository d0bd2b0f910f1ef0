import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { type FakeDaemon, fakeDaemon, HERE, type Setting, tally, workFolder } from '../testing/harness.ts';

const INVITE = 'POST /api/admin/hosts/invite';
/** Stands in for the daemon's program. */
const PROGRAM = `process.stdout.write(JSON.stringify({ joined: true, host_id: process.argv.slice(2).join(' ') }) + '\\n');`;

let daemon: FakeDaemon | undefined;
let folder: ReturnType<typeof workFolder> | undefined;

async function on(routes: Parameters<typeof fakeDaemon>[0], args: readonly string[], setting: Partial<Setting> = {}) {
  daemon = await fakeDaemon(routes);
  folder = workFolder(daemon.url);
  return tally(args, { cwd: folder.cwd, env: HERE, ...setting });
}

afterEach(async () => {
  await daemon?.close();
  folder?.remove();
});

describe('host invite', () => {
  test('writes the invitation into a new file of the caller’s own', async () => {
    const ran = await on({ [INVITE]: [201, { invitation: '{"body":{}}\n' }] }, ['host', 'invite', 'invitation.json']);
    const path = join(folder?.cwd ?? '', 'invitation.json');
    expect(ran).toMatchObject({ code: 0, out: `file\t${path}\n`, err: '' });
    expect(readFileSync(path, 'utf8')).toBe('{"body":{}}\n');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const again = await tally(['host', 'invite', 'invitation.json'], { cwd: folder?.cwd ?? '', env: HERE });
    expect(again.code).toBe(2);
    expect(daemon?.seen).toHaveLength(1);
    expect(readFileSync(path, 'utf8')).toBe('{"body":{}}\n');
  });

  test('leaves no file behind where the daemon refuses', async () => {
    const refusal = { error: { code: 'STATE_INVALID', message: 'A file.', fix: 'Move.' } };
    const ran = await on({ [INVITE]: [409, refusal] }, ['host', 'invite', 'invitation.json']);
    expect(ran).toMatchObject({ code: 4, err: 'error STATE_INVALID: A file. Move.\n' });
    expect(existsSync(join(folder?.cwd ?? '', 'invitation.json'))).toBe(false);
  });
});

describe('host join', () => {
  test('is for a host whose daemon is down', async () => {
    const ran = await on({}, ['host', 'join', 'invitation.json']);
    expect(ran.code).toBe(1);
    expect(ran.err).toContain('error DATA_LOCKED: ');
    expect((await tally(['host', 'join', 'x', '--url', daemon?.url ?? ''], { cwd: folder?.cwd ?? '', env: HERE })).code).toBe(2);
  });

  test('runs on the data folder itself', async () => {
    folder = workFolder();
    const daemonMain = folder.file('program.mjs', PROGRAM);
    const ran = await tally(['host', 'join', 'invitation.json'], { cwd: folder.cwd, env: HERE, daemonMain });
    expect(ran.out).toBe(`joined\tyes\nhost\thost-join -- ${join(folder.cwd, 'invitation.json')}\n`);
  });
});

test('source attach sends the piped key and prints none', async () => {
  const amounts = { ceiling: '9', limit: '9', held: '0', spent: '0', overrun: '0', left: '9' };
  const named = { id: 's1', name: 'gift', provider: 'openai', base_url: 'https://api.openai.com/v1', settle: 'metered', state: 'active' };
  const source = { ...named, ...amounts, created_at: 0, expires_at: null, secret: 'sealed' };
  const ran = await on({ 'POST /api/admin/sources/s1/attach': [200, source] }, ['source', 'attach', 's1'], { stdin: 'sk-canary\n' });
  expect(ran.code).toBe(0);
  expect(daemon?.seen[0]?.body).toEqual({ api_key: 'sk-canary' });
  expect(ran.out + ran.err).not.toContain('canary');
  expect((await tally(['source', 'attach', 's1'], { cwd: folder?.cwd ?? '', env: HERE })).code).toBe(2);
});

test('with books in a database, a data folder that has its vault is looked at by itself', async () => {
  folder = workFolder();
  const daemonMain = folder.file('program.mjs', `process.stdout.write('{"ok":true,"findings":[]}\\n');`);
  const setting = { cwd: folder.cwd, env: { ...HERE, DATABASE_URL: 'postgres://127.0.0.1:1/x' }, daemonMain };
  expect((await tally(['doctor'], setting)).code).toBe(3);
  mkdirSync(join(folder.cwd, 'vault'));
  expect((await tally(['doctor'], setting)).code).toBe(0);
});
