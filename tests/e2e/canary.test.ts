import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SANDBOX_MODELS } from '@tallystick/sandbox/models';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addKey, addSource, expectSoundBooks, noOpenHolds } from '../support/calls.ts';
import { CanarySearch, processTree } from '../support/canary.ts';
import { startDaemon, type TestDaemon, temporaryFolder } from '../support/daemon.ts';
import { type Arrived, type RecordingUpstream, startRecordingUpstream } from '../support/recording-upstream.ts';

/**
 * Left out of the search, each for a reason that docs give:
 * - the master key's file (here outside of the data folder): it is the master key;
 * - `admin-token`: it is the operator's token, mode 0600, which the CLI on this host reads. Only the token may be in it, so it is searched for the rest.
 * Not looked at: the daemon's memory, and what an upstream writes into a 200 answer's own content, which is the caller's to read.
 */
const TOKEN_FILE = 'admin-token';
const MODEL = 'quoting';
const SETTINGS = {
  TALLY_LOG_LEVEL: 'debug',
  TALLY_UPSTREAM_HEADERS_MS: '400',
  TALLY_UPSTREAM_IDLE_MS: '400',
  TALLY_ANSWER_BYTES_MAX: '1000000',
  TALLY_SHUTDOWN_MS: '500',
};

const dir = temporaryFolder();
const masterHex = randomBytes(32).toString('hex');
const keys = {
  /** In the form that providers use. */
  usual: `sk-canary-${randomBytes(24).toString('base64url')}`,
  /** In a form that no pattern of a key fits: short words between dots and colons. */
  unusual: `Cnry.${Array.from({ length: 6 }, () => randomBytes(3).toString('hex')).join(':')}!end`,
  refused: `Rfsd.${randomBytes(12).toString('hex')}`,
};
const environment = { ...SETTINGS, TALLY_MASTER_KEY_FILE: join(dir, 'master.key') };

/** Everything that left the daemon: answers with their headers, standard output and error of each run. */
const said: string[] = [];
let upstream: RecordingUpstream;
let daemon: TestDaemon;
let virtualKey: string;
let quotingKey: string;
let search: CanarySearch;
let everything: CanarySearch;

beforeAll(async () => {
  writeFileSync(join(dir, 'master.key'), `${masterHex}\n`, { mode: 0o600 });
  upstream = await startRecordingUpstream();
  daemon = await startDaemon({ dir, env: environment });
  virtualKey = String(daemon.virtual_key);
  const models = { [MODEL]: { window: 8192, maxOutput: 1024, endpoints: ['chat', 'responses'] } };
  const quoting = { provider: 'openai-compatible', base_url: upstream.url, cap: 90_000_000, models };
  const source = await addSource(daemon, { name: 'quoting', ...quoting, api_key: keys.unusual });
  quotingKey = (await addKey(daemon, { name: 'quoting', sources: [source.id] })).virtual_key;
  const master = { name: 'master key, raw', secret: Buffer.from(masterHex, 'hex') };
  const canaries = Object.entries({ ...keys, virtualKey, quotingKey, masterHex }).map(([name, secret]) => ({
    name,
    secret: Buffer.from(secret),
  }));
  search = new CanarySearch([...canaries, master]);
  const token = readFileSync(join(dir, 'data', TOKEN_FILE), 'utf8').trim();
  everything = new CanarySearch([...canaries, master, { name: 'admin token', secret: Buffer.from(token) }]);
}, 60_000);

afterAll(async () => {
  await daemon?.dispose();
  await upstream?.close();
});

async function hear(answer: Response): Promise<string> {
  const text = await answer.text().catch(() => 'cut');
  said.push(`${answer.status}\n${JSON.stringify([...answer.headers])}\n\n${text}`);
  return text;
}

async function call(body: object, key = virtualKey, path = '/v1/chat/completions'): Promise<string> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  return hear(await fetch(daemon.url + path, { method: 'POST', headers, body: JSON.stringify(body) }));
}

async function admin(path: string, body?: unknown): Promise<string> {
  const token = readFileSync(join(dir, 'data', TOKEN_FILE), 'utf8').trim();
  const init = body === undefined ? {} : { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) };
  return hear(
    await fetch(`${daemon.url}${path}`, { ...init, headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' } }),
  );
}

const ask = (model: string, more: object = {}) => ({ model, messages: [{ role: 'user', content: 'negative' }], max_tokens: 24, ...more });

/** The key as this request brought it. */
const keyOf = ({ headers }: Arrived) => String(headers.find(([name]) => name === 'authorization')?.[1]).replace('Bearer ', '');

describe('the search itself', () => {
  it('finds every form that it is told to find', () => {
    const secret = Buffer.from(keys.usual);
    const planted = (text: string | Buffer) =>
      search.in('planted', Buffer.concat([Buffer.from('xy '), Buffer.from(text), Buffer.from(' z')])).length;
    for (const form of ['hex', 'base64', 'base64url', 'utf16le'] as const) {
      const text = form === 'utf16le' ? Buffer.from(keys.usual, form) : secret.toString(form);
      expect(planted(text), form).toBeGreaterThan(0);
    }
    for (const before of ['a', 'ab', 'abc'])
      expect(planted(Buffer.from(`${before}${keys.usual}b`).toString('base64')), before).toBeGreaterThan(0);
    expect(planted(encodeURIComponent(keys.unusual))).toBeGreaterThan(0);
    expect(planted(keys.unusual.slice(0, 16))).toBeGreaterThan(0);
    expect(planted('nothing of it')).toBe(0);
    expect(everything.in(TOKEN_FILE, readFileSync(join(dir, 'data', TOKEN_FILE))).length).toBeGreaterThan(0);
  });
});

describe('every path of fault', () => {
  it('all models of the sandbox, in JSON and in streams', async () => {
    for (const { id, endpoints } of SANDBOX_MODELS) {
      const source = await addSource(daemon, { name: id, provider: 'sandbox', api_key: keys.usual, cap: 1_000_000 });
      const key = await addKey(daemon, { name: id, sources: [source.id] });
      if (endpoints.includes('embeddings')) {
        await call({ model: id, input: 'a' }, key.virtual_key, '/v1/embeddings');
        continue;
      }
      await Promise.all([
        call(ask(id), key.virtual_key),
        call(ask(id, { stream: true }), key.virtual_key),
        call({ model: id, input: 'a', max_output_tokens: 24, stream: true }, key.virtual_key, '/v1/responses'),
      ]);
      if (id.endsWith('-small')) await admin(`/api/admin/sources/${source.id}/destroy`, {});
    }
    await noOpenHolds(daemon);
  }, 30_000);

  it.each([400, 401, 403, 404, 409, 413, 422, 429, 500, 502, 503, 307])(
    'an upstream that quotes its key everywhere with status %i',
    async (status) => {
      upstream.answer = (arrived, res) => {
        const key = keyOf(arrived);
        const headers = {
          'content-type': 'application/json',
          'x-request-id': key,
          'retry-after': key,
          'set-cookie': `key=${key}`,
          'www-authenticate': `Bearer realm="${key}"`,
          location: `http://127.0.0.1:1/?key=${encodeURIComponent(key)}`,
        };
        const error = {
          message: `Incorrect API key provided: ${key}. Masked: ${key.slice(0, 18)}****. Again: (${key})`,
          code: key,
          type: key,
          param: key,
        };
        res.writeHead(status, headers).end(JSON.stringify({ error }));
      };
      await call(ask(MODEL), quotingKey);
      await call(ask(MODEL, { stream: true }), quotingKey);
    },
  );

  it.each<[string, string, (key: string) => string]>([
    ['an error in place of an answer', 'application/json', (key) => JSON.stringify({ error: { message: key, code: key } })],
    ['an error page', 'text/html', (key) => `<html>${key}</html>`],
    ['broken JSON', 'application/json', (key) => `{"key":"${key}`],
    ['a usage that is none', 'application/json', (key) => JSON.stringify({ error: { message: key }, usage: key })],
    [
      'an error in a stream',
      'text/event-stream',
      (key) => `data: ${JSON.stringify({ error: { message: key, code: key, type: key } })}\n\n`,
    ],
    ['a cut frame', 'text/event-stream', (key) => `data: {"id":"${key}`],
  ])('an upstream that answers 200 with its key in %s', async (_, type, body) => {
    upstream.answer = (arrived, res) => {
      res.writeHead(200, { 'content-type': type, 'x-key': keyOf(arrived) }).end(body(keyOf(arrived)));
    };
    await call(ask(MODEL, { stream: type === 'text/event-stream' }), quotingKey);
  });

  it('an upstream whose words end up in the receipt', async () => {
    upstream.answer = (arrived, res) => {
      const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
      const key = keyOf(arrived);
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: `${key}` }], usage })}\n\n`);
      res.end('data: [DONE]\n\n');
    };
    const answer = await fetch(`${daemon.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${quotingKey}`, 'content-type': 'application/json' },
      body: JSON.stringify(ask(MODEL, { stream: true })),
    });
    // The answer's own content is the caller's to read; the receipt is everybody's.
    await answer.text();
    await expect.poll(async () => (await fetch(`${daemon.url}/api/receipts/${answer.headers.get('x-tally-receipt')}`)).status).toBe(200);
    await hear(await fetch(`${daemon.url}/api/receipts/${answer.headers.get('x-tally-receipt')}`));
  });

  it('refused requests, with keys where they do not belong', async () => {
    const auth = (authorization: string) => ({ headers: { authorization } });
    await hear(await fetch(`${daemon.url}/v1/models?key=${virtualKey}&api_key=${keys.refused}`));
    await hear(await fetch(`${daemon.url}/v1/${keys.refused}`, auth(`Bearer ${virtualKey}`)));
    await hear(await fetch(`${daemon.url}/v1/models/${keys.refused}`, auth(`Bearer ${virtualKey}`)));
    await hear(await fetch(`${daemon.url}/api/receipts/${keys.refused}`));
    await hear(await fetch(`${daemon.url}/${keys.refused}`));
    await hear(await fetch(`${daemon.url}/v1/models`, auth(`Bearer ${keys.refused}`)));
    await hear(await fetch(`${daemon.url}/api/admin/sources`, auth(`Bearer ${keys.refused}`)));
    await call({ ...ask(MODEL), model: keys.refused });
    await call({ ...ask(MODEL), user: { key: keys.refused } });
    await call({ ...ask(MODEL), stream: keys.refused });
    const source = { name: 'bad', provider: 'sandbox', cap: 1, api_key: keys.refused };
    for (const bad of [
      { ...source, api_key: `${keys.refused} ` },
      { ...source, api_key: [keys.refused] },
      { ...source, provider: keys.refused },
      { ...source, base_url: `http://${keys.refused}@127.0.0.1` },
      { ...source, base_url: `http://127.0.0.1/?key=${keys.refused}` },
      { ...source, name: `${keys.refused}!` },
      { ...source, tariff: [keys.refused] },
      { ...source, models: { m: keys.refused } },
      `{"api_key":"${keys.refused}"`,
    ]) {
      expect(JSON.parse(await admin('/api/admin/sources', bad))).toHaveProperty('error');
    }
  });

  it('kill -9 with calls under way, and a start after it', async () => {
    const sandbox = await addSource(daemon, { name: 'hanging', provider: 'sandbox', api_key: keys.usual, cap: 1_000_000 });
    const { virtual_key } = await addKey(daemon, { name: 'hanging', sources: [sandbox.id] });
    const asked = [ask('sandbox-slow'), ask('sandbox-hang'), ask('sandbox-slow', { stream: true })];
    const running = Promise.allSettled(asked.map((body) => call(body, virtual_key)));
    await new Promise((resolve) => setTimeout(resolve, 100));
    await daemon.stop('SIGKILL');
    await running;
    said.push(daemon.stdout().replace(/"virtual_key":"[^"]*"/, ''), daemon.stderr());
    expect(search.inFolder(join(dir, 'data'), []).found).toEqual([]);
    daemon = await startDaemon({ dir, env: environment });
    await expectSoundBooks(daemon);
  }, 30_000);
});

describe('afterwards the secrets are nowhere', () => {
  it('in no process’s command line or environment', () => {
    const pids = processTree(daemon.pid);
    expect(pids.length).toBeGreaterThan(1);
    for (const pid of pids) {
      for (const what of ['cmdline', 'environ']) expect(everything.in(`${pid} ${what}`, readFileSync(`/proc/${pid}/${what}`))).toEqual([]);
    }
  });

  it('in no view, metric, log or receipt', async () => {
    for (const path of [
      '/metrics',
      '/api/admin/sources',
      '/api/admin/keys',
      '/api/admin/doctor',
      '/api/admin/audit/verify',
      '/healthz',
      '/readyz',
    ]) {
      await admin(path);
    }
    const receipts = new Set(said.flatMap((text) => [...text.matchAll(/"x-tally-receipt","([0-9a-f]{32})"/g)].map(([, id]) => id)));
    expect(receipts.size).toBeGreaterThan(50);
    for (const id of receipts) await hear(await fetch(`${daemon.url}/api/receipts/${id}`));
    await admin('/api/admin/backup', { folder: join(dir, 'backup') });
    await daemon.stop('SIGTERM');
    // A second start shows no virtual key at all.
    expect(daemon.stdout()).toContain('"virtual_key":null');
    said.push(daemon.stdout(), daemon.stderr());
    expect(said.flatMap((text, i) => everything.in(`${i}: ${text.slice(0, 160)}`, text))).toEqual([]);
  }, 30_000);

  it('in no file: books and their journals, sealed records, slots, audit log, sandbox, backup', () => {
    const { found, files } = search.inFolder(join(dir, 'data'));
    expect(found).toEqual([]);
    expect(everything.inFolder(join(dir, 'data'), [TOKEN_FILE]).found).toEqual([]);
    expect(everything.inFolder(join(dir, 'backup')).found).toEqual([]);
    for (const name of ['ledger.db', 'sandbox-usage.sqlite', 'audit'])
      expect(
        files.some((path) => path.includes(name)),
        name,
      ).toBe(true);
    expect(existsSync(join(dir, 'backup', 'manifest.json'))).toBe(true);
  });
});
