import { afterEach, describe, expect, test } from 'vitest';
import { type FakeDaemon, fakeDaemon, HERE, NOW, type Setting, TOKEN, tally, workFolder } from '../testing/harness.ts';

const SOURCE = {
  id: 's1',
  name: 'gift',
  provider: 'openai',
  base_url: 'https://api.openai.com/v1',
  sandbox: false,
  settle: 'metered',
  state: 'active',
  state_reason: null,
  ceiling: '500000',
  limit: '500000',
  held: '0',
  spent: '120',
  overrun: '0',
  left: '499880',
  expires_at: null,
  created_at: NOW,
  secret: 'sealed',
  destruction: 'shreddable',
};
const KEY = {
  id: 'k1',
  name: 'key',
  tenant: 'default',
  hint: 'tk_abcd…',
  state: 'active',
  limit: null,
  held: '0',
  spent: '0',
  sources: null,
  created_at: NOW,
  expires_at: null,
  replay_s: 0,
};
const refusal = (code: string, status: number) =>
  [status, { error: { code, message: 'What happened.', fix: 'What to do.', facts: { field: 'cap' } } }] as const;

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

describe('source', () => {
  const add = ['source', 'add', '--name', 'gift', '--provider', 'openai', '--cap', '500_000'];

  test('add sends the piped key in the body, with the operator’s token, and prints no secret', async () => {
    const ran = await on({ 'POST /api/admin/sources': [201, SOURCE] }, [...add, '--expires', '30d', '--settle', 'hold'], {
      stdin: 'sk-canary\n',
    });
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(daemon?.seen).toMatchObject([
      {
        method: 'POST',
        path: '/api/admin/sources',
        authorization: `Bearer ${TOKEN}`,
        body: {
          name: 'gift',
          provider: 'openai',
          cap: '500000',
          settle: 'hold',
          expires_at: NOW + 30 * 86_400_000 + 50,
          api_key: 'sk-canary',
        },
      },
    ]);
    expect(ran.out).toContain('id\ts1\nname\tgift\nprovider\topenai\n');
    expect(ran.out).not.toMatch(/canary|tally_admin/);
  });

  test('add reads key, models and tariff from files', async () => {
    daemon = await fakeDaemon({ 'POST /api/admin/sources': [201, SOURCE] });
    folder = workFolder(daemon.url);
    folder.file('key.txt', 'sk-file\r\n');
    folder.file('models.json', '{"m":{"window":10}}');
    folder.file('tariff.json', '[{"unit":"input"}]');
    const more = ['--api-key-file', 'key.txt', '--models', 'models.json', '--tariff', 'tariff.json', '--base-url', 'http://localhost:1'];
    expect((await tally([...add, ...more], { cwd: folder.cwd, env: HERE })).code).toBe(0);
    expect(daemon.seen[0]?.body).toMatchObject({
      api_key: 'sk-file',
      models: { m: { window: 10 } },
      tariff: [{ unit: 'input' }],
      base_url: 'http://localhost:1',
    });
  });

  test('at a terminal the key is asked for and not shown', async () => {
    const ran = await on({ 'POST /api/admin/sources': [201, SOURCE] }, add, { typed: 'sk-typpo\u{7f}\u{7f}ed\r', terminal: true });
    expect(ran.code).toBe(0);
    expect(daemon?.seen[0]?.body).toMatchObject({ api_key: 'sk-typed' });
    expect(ran.err).toContain('API key (not shown): ');
    expect(ran.out + ran.err).not.toContain('sk-t');
  });

  test('Ctrl-C at the prompt sends nothing', async () => {
    const ran = await on({}, add, { typed: 'sk-\u{3}' });
    expect(ran).toMatchObject({ code: 1 });
    expect(ran.err).toContain('error CANCELLED: ');
    expect(daemon?.seen).toEqual([]);
  });

  test('an empty key is refused here; for the sandbox one is made up', async () => {
    expect((await on({}, add)).code).toBe(2);
    await daemon?.close();
    folder?.remove();
    const ran = await on({ 'POST /api/admin/sources': [201, SOURCE] }, [
      'source',
      'add',
      '--name',
      'x',
      '--provider',
      'sandbox',
      '--cap',
      '9',
    ]);
    expect(ran.code).toBe(0);
    expect(daemon?.seen[0]?.body).toMatchObject({ api_key: expect.stringMatching(/^sk-[\w-]{32}$/) });
  });

  test('list is tab-separated when piped, and the daemon’s own document with --json', async () => {
    const routes = { 'GET /api/admin/sources': [200, { sources: [SOURCE] }] as const };
    const piped = await on(routes, ['source', 'list']);
    expect(piped.out).toBe(
      'id\tname\tprovider\tstate\tlimit\theld\tspent\toverrun\tleft\tsecret\ns1\tgift\topenai\tactive\t500000\t0\t120\t0\t499880\tsealed\n',
    );
    const setting = { cwd: folder?.cwd ?? '', env: HERE };
    expect(JSON.parse((await tally(['source', 'list', '--json'], setting)).out)).toEqual({ sources: [SOURCE] });
    expect((await tally(['--json', 'source', 'list'], setting)).out.split('\n')).toHaveLength(2);
    const shown = await tally(['source', 'list'], { ...setting, terminal: true });
    expect(shown.out).toContain('\u{1b}[1m');
    const plain = await tally(['source', 'list'], { ...setting, terminal: true, env: { ...HERE, NO_COLOR: '1' } });
    expect(plain.out).not.toContain('\u{1b}');
    expect(plain.out).toContain('500000     0    120        0  499880');
  });

  test.each([
    [['source', 'show', 'a/b'], 'GET /api/admin/sources/a%2Fb', undefined],
    [['source', 'pause', 's1', '--reason', 'night'], 'POST /api/admin/sources/s1/pause', { reason: 'night' }],
    [['source', 'resume', 's1'], 'POST /api/admin/sources/s1/resume', {}],
    [['source', 'resume', 's1', '--reconciled-total', '120'], 'POST /api/admin/sources/s1/resume', { reconciled_total: '120' }],
    [['source', 'limit', 's1', '1_000'], 'POST /api/admin/sources/s1/limit', { limit: '1000' }],
    [['source', 'destroy', 's1', '--yes'], 'POST /api/admin/sources/s1/destroy', {}],
  ])('%j asks for %s', async (args, route, body) => {
    expect((await on({ [route]: [200, SOURCE] }, args)).code).toBe(0);
    expect(daemon?.seen.map((seen) => [`${seen.method} ${seen.path}`, seen.body])).toEqual([[route, body]]);
  });

  test('destroy asks a person, and needs --yes of a script', async () => {
    const routes = { 'GET /api/admin/sources/s1': [200, SOURCE] as const, 'POST /api/admin/sources/s1/destroy': [200, SOURCE] as const };
    const piped = await on(routes, ['source', 'destroy', 's1'], { stdin: 'y\n' });
    expect(piped.code).toBe(2);
    expect(piped.err).toContain('--yes');
    expect(daemon?.seen).toEqual([]);
    const setting = { cwd: folder?.cwd ?? '', env: HERE };
    expect((await tally(['source', 'destroy', 's1'], { ...setting, typed: 'n\n' })).err).toContain('CANCELLED');
    expect((await tally(['source', 'destroy', 's1'], { ...setting, typed: 'y\n' })).code).toBe(0);
    expect(daemon?.seen.map(({ method }) => method)).toEqual(['GET', 'GET', 'POST']);
  });
});

describe('key and calls', () => {
  test('create prints the virtual key once', async () => {
    const args = ['key', 'create', '--name', 'ann', '--limit', '100', '--credits', '5', '--replay', '2h', '--source', 's1', 's2'];
    const ran = await on({ 'POST /api/admin/keys': [201, { ...KEY, replay_s: 7_200, virtual_key: 'tk_the-key' }] }, args);
    expect(daemon?.seen[0]?.body).toEqual({ name: 'ann', limit: '100', credits: '5', sources: ['s1', 's2'], replay_s: 7_200 });
    expect(ran.out).toContain('replay\t7200 s\n');
    expect(ran.out).toContain('virtual_key\ttk_the-key\n');
  });

  test('list and revoke', async () => {
    const ran = await on(
      { 'GET /api/admin/keys': [200, { keys: [KEY] }], 'POST /api/admin/keys/k1/revoke': [200, { ...KEY, state: 'revoked' }] },
      ['key', 'list'],
    );
    expect(ran.out.split('\n')[1]).toBe('k1\tkey\ttk_abcd…\tactive\t-\t0\t0\t-');
    expect((await tally(['key', 'revoke', 'k1'], { cwd: folder?.cwd ?? '', env: HERE })).out).toMatch(/state\trevoked\n.*replay\toff\n/s);
  });

  test('the emergency stop', async () => {
    const ran = await on({ 'POST /api/admin/stop': [200, { stopped: true }], 'POST /api/admin/start': [200, { stopped: false }] }, [
      'calls',
      'stop',
      '--reason',
      'x',
    ]);
    expect(ran.out).toBe('calls\tstopped\n');
    expect(daemon?.seen[0]?.body).toEqual({ reason: 'x' });
    expect((await tally(['calls', 'start', '--json'], { cwd: folder?.cwd ?? '', env: HERE })).out).toBe('{"stopped":false}\n');
  });
});

describe('what goes wrong', () => {
  const list = ['source', 'list'];

  test.each([
    ['INPUT_INVALID', 400, 4],
    ['FORBIDDEN', 403, 4],
    ['LEDGER_UNAVAILABLE', 503, 1],
    ['CONFIG_INVALID', 500, 78],
    ['CODE_OF_A_LATER_VERSION', 409, 4],
  ])('the daemon’s %s (%i) ends with %i', async (code, status, exit) => {
    const ran = await on({ 'GET /api/admin/sources': refusal(code, status) }, list);
    expect(ran).toMatchObject({ code: exit, out: '', err: `error ${code}: What happened. What to do.\n` });
  });

  test('with --json an error is one JSON document', async () => {
    const ran = await on({ 'GET /api/admin/sources': refusal('INPUT_INVALID', 400) }, [...list, '--json']);
    expect(ran.out).toBe('');
    expect(JSON.parse(ran.err)).toEqual({
      error: { code: 'INPUT_INVALID', message: 'What happened.', fix: 'What to do.', facts: { field: 'cap' } },
    });
  });

  test('nobody there, and somebody else there', async () => {
    const ran = await on({ 'GET /api/admin/sources': '<html>' }, list);
    expect(ran.code).toBe(3);
    expect(ran.err).toContain('error ANSWER_INVALID: ');
    await daemon?.close();
    const gone = await tally(list, { cwd: folder?.cwd ?? '', env: HERE });
    expect(gone.code).toBe(3);
    expect(gone.err).toMatch(/^error DAEMON_UNREACHABLE: No daemon can be reached at \S+ \(ECONNREFUSED\)\. Start it/);
  });

  test('a redirect is not followed', async () => {
    const other = await fakeDaemon({});
    const { createServer } = await import('node:http');
    const server = createServer((_, res) => res.writeHead(302, { location: other.url }).end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    folder = workFolder(`http://127.0.0.1:${(server.address() as { port: number }).port}`);
    expect((await tally(list, { cwd: folder.cwd, env: HERE })).code).toBe(3);
    expect(other.seen).toEqual([]);
    server.close();
    await other.close();
  });

  test.each([
    [['nothing']],
    [['source']],
    [['source', 'add']],
    [['source', 'add', '--name', 'x', '--provider', 'none', '--cap', '1']],
    [['source', 'show']],
    [['source', 'list', 'extra']],
    [['source', 'limit', 's1', '1.5']],
    [['source', 'list', '--url', 'nowhere']],
    [['receipt', 'show', 'x', '--wait', 'long']],
    [['sandbox', '--port', '70000']],
  ])('%j is a mistake of usage', async (args) => {
    const ran = await on({}, args);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toMatch(/^error INPUT_INVALID: |^Usage: /);
    expect(daemon?.seen).toEqual([]);
  });

  test('a secret in an argument is not repeated', async () => {
    const ran = await on({}, ['source', 'add', '--name', 'x', '--api-key=sk-canary', '--provider', 'openai', '--cap', '1']);
    expect(ran.code).toBe(2);
    expect(ran.err).toContain('--api-key');
    expect(ran.err).not.toContain('canary');
  });

  test('help and version are no errors', async () => {
    expect(await on({}, ['--help'])).toMatchObject({ code: 0, err: '' });
    const setting = { cwd: folder?.cwd ?? '', env: HERE };
    expect((await tally(['source', 'add', '--help'], setting)).out).toContain('never an argument');
    expect((await tally(['--version'], setting)).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
