import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CanaryStage, type Planted, unusualSecret } from '../support/canary-stage.ts';
import { rawHttp } from '../support/raw-http.ts';
import { stream } from '../support/voices.ts';

/** Every kind of route that there is, and some that there are not. */
const ROUTES = [
  '/v1/chat/completions',
  '/v1/responses',
  '/v1/embeddings',
  '/v1/messages',
  '/v1/messages/count_tokens',
  '/v1beta/models/quoting:generateContent',
  '/v1beta/models/quoting:streamGenerateContent',
  '/v1beta/models/quoting:countTokens',
  '/v1beta/models/quoting:embedContent',
  '/v1/models/quoting:batchEmbedContents',
  '/v1/models',
  '/v1beta/models',
  '/v1/models/quoting',
  '/v1/files',
  '/v1beta/files',
  '/healthz',
  '/metrics',
  '/api/receipts/signer',
  '/api/receipts/00000000000000000000000000000000',
  '/api/admin/sources',
  '/api/admin/nothing',
  '/nothing',
];
const KEY_HEADERS = ['authorization', 'x-api-key', 'x-goog-api-key'];

let stage: CanaryStage;
let planted: readonly Planted[];
/** A secret of the caller's own, that does not belong here. */
let wrong: string;

beforeAll(async () => {
  stage = await CanaryStage.open();
  planted = await stage.sources();
  wrong = stage.plant('wrong key', unusualSecret());
  stage.quote(({ voice, stream: streams }, res) => {
    const usage = voice.usage(3, 1);
    res.writeHead(200, { 'content-type': streams ? 'text/event-stream' : 'application/json' });
    res.end(streams ? stream(voice, 'Hi', usage) : voice.json('Hi', usage));
  });
});

afterAll(() => stage?.close());

/** Written by hand: no client would send it. */
async function raw(text: string): Promise<number | undefined> {
  const { answers } = await rawHttp(stage.daemon.url, [text], { end: true, withinMs: 2000 });
  for (const { status, headers, body } of answers) stage.heard(`${status}\n${JSON.stringify(headers)}\n\n${body}`);
  return answers[0]?.status;
}

const send = async (path: string, init: RequestInit = {}) => stage.hear(await fetch(stage.daemon.url + path, init));

describe('keys where they do not belong', () => {
  it('in the URL of every route, known or not', async () => {
    const [, good] = planted;
    for (const key of [wrong, good?.key ?? '']) {
      const quoted = encodeURIComponent(key);
      for (const route of ROUTES) {
        const places = [`?key=${quoted}`, `?api_key=${quoted}&alt=sse`, `?x=${quoted}`, `/${quoted}`, `:${quoted}`, `%2f..%2f${quoted}`];
        for (const place of places) await send(route + place);
        await send(`${route}?key=${quoted}`, { method: 'POST', headers: { authorization: `Bearer ${key}` }, body: '{}' });
      }
    }
  });

  it('in each header that carries keys, alone and beside another', async () => {
    const [, good] = planted;
    for (const path of [
      '/v1/chat/completions',
      '/v1/messages',
      '/v1beta/models/quoting:generateContent',
      '/v1/models',
      '/api/admin/keys',
      '/metrics',
    ]) {
      for (const name of KEY_HEADERS) {
        for (const value of [wrong, `Bearer ${wrong}`, `Basic ${Buffer.from(wrong).toString('base64')}`, `tk_${wrong}`]) {
          const method = path.endsWith('models') || path.startsWith('/api') || path === '/metrics' ? 'GET' : 'POST';
          await send(path, { method, headers: { [name]: value } });
          await send(path, { method, headers: { 'x-api-key': String(good?.key), 'x-goog-api-key': String(good?.key), [name]: value } });
        }
      }
    }
  });

  it('in every other header that is read, and some that are not', async () => {
    const names = ['anthropic-beta', 'anthropic-version', 'content-type', 'content-encoding', 'idempotency-key', 'openai-organization'];
    names.push('openai-project', 'x-goog-user-project', 'x-goog-api-client', 'cookie', 'user-agent', 'referer', 'accept', 'x-request-id');
    for (const one of planted) {
      for (const name of names) await stage.hear(await stage.ask(one, false, { [name]: wrong }));
      await stage.hear(await stage.ask(one, false, { 'idempotency-key': `${wrong} ${wrong}` }));
      await stage.hear(await stage.ask(one, false, { 'anthropic-beta': `effort-2025-11-24,message-threads-${wrong}` }));
    }
  });

  it('in the model’s name and in fields of the body, refused and allowed', async () => {
    for (const one of planted) {
      await stage.hear(await stage.ask({ ...one, model: wrong }, false));
      await stage.hear(await stage.ask(one, false, {}, wrong));
      const good = one.voice.body({ model: 'quoting', stream: false, max: 24, content: 'Hi' });
      const bodies: readonly object[] = [
        { ...good, [wrong]: 1 },
        { ...good, api_key: wrong },
        { ...good, user: wrong, metadata: { user_id: wrong }, labels: { key: wrong }, safety_identifier: wrong },
        { ...good, stream: wrong },
        { ...good, max_tokens: wrong, max_output_tokens: wrong, generationConfig: { maxOutputTokens: wrong } },
        { ...good, tools: [{ type: wrong, name: wrong, [wrong]: {} }] },
        [wrong],
      ];
      const headers = { authorization: `Bearer ${one.key}`, 'content-type': 'application/json' };
      const texts = [...bodies.map((body) => JSON.stringify(body)), `{"model":"${wrong}`, `${wrong}`, `{"${wrong}":1,"${wrong}":2}`];
      for (const body of texts) await send(one.voice.path('quoting', false), { method: 'POST', headers, body });
    }
  });

  it('in values that the operator sends (the name of an unknown field is told to who sent it)', async () => {
    const source = { name: 'bad', provider: 'sandbox', cap: 1, api_key: wrong };
    for (const bad of [
      { ...source, api_key: `${wrong} ` },
      { ...source, api_key: [wrong] },
      { ...source, provider: wrong },
      { ...source, base_url: `http://${wrong}@127.0.0.1` },
      { ...source, base_url: `http://127.0.0.1/?key=${wrong}` },
      { ...source, name: `${wrong}!` },
      { ...source, tariff: [wrong] },
      { ...source, models: { m: wrong } },
      `{"api_key":"${wrong}"`,
    ]) {
      expect(JSON.parse(await stage.admin('/api/admin/sources', bad))).toHaveProperty('error');
    }
    for (const path of [`sources/${wrong}`, `sources/${wrong}/pause`, `keys/${wrong}/revoke`, wrong])
      await stage.admin(`/api/admin/${path}`, {});
    await stage.admin('/api/admin/keys', { name: 'bad', sources: [wrong] });
    await stage.admin('/api/admin/backup', { folder: `/dev/null/${wrong}` });
  });

  it('in what is no HTTP, too long, or cut short', async () => {
    const host = 'host: x\r\n';
    expect(await raw(`GET /v1/models?key=${wrong} HTTP/9.9\r\n${host}\r\n`)).toBe(400);
    expect(await raw(`${wrong} / HTTP/1.1\r\n${host}\r\n`)).toBe(400);
    expect(await raw(`GET / HTTP/1.1\r\n${host}: ${wrong}\r\n\r\n`)).toBe(400);
    expect(await raw(`GET /v1/models HTTP/1.1\r\n${host}authorization: ${wrong.repeat(1000)}\r\n\r\n`)).toBe(431);
    expect(await raw(`POST /v1/messages HTTP/1.1\r\n${host}content-length: ${wrong}\r\n\r\n`)).toBe(400);
    expect(await raw(`POST /v1/messages HTTP/1.1\r\n${host}transfer-encoding: ${wrong}\r\n\r\n`)).toBe(400);
    await raw(`POST /v1/messages HTTP/1.1\r\n${host}x-api-key: ${wrong}\r\nexpect: ${wrong}\r\ncontent-length: 2\r\n\r\n{}`);
    await raw(`GET /v1/models HTTP/1.1\r\n${host}upgrade: ${wrong}\r\nconnection: upgrade\r\n\r\n`);
    await raw(`CONNECT ${wrong}:1 HTTP/1.1\r\n${host}\r\n`);
    await raw(`TRACE /${wrong} HTTP/1.1\r\n${host}authorization: Bearer ${wrong}\r\n\r\n`);
    for (const { voice, key } of planted) {
      const head = `POST ${voice.path('quoting', false)} HTTP/1.1\r\n${host}content-type: application/json\r\nauthorization: Bearer ${key}\r\n`;
      await raw(`${head}content-length: 999\r\n\r\n{"model":"${wrong}"`);
      await raw(`${head}transfer-encoding: chunked\r\n\r\n${wrong}\r\n`);
    }
    // Left in the middle of a head.
    const { hostname, port } = new URL(stage.daemon.url);
    const socket = connect(Number(port), hostname);
    await new Promise<void>((resolve) => socket.write(`GET /v1/models HTTP/1.1\r\nauthorization: ${wrong}`, () => resolve()));
    socket.destroy();
  });
});

describe('afterwards they are nowhere', () => {
  it('in no process’s command line or environment', () => stage.expectNothingInProcesses());

  it('in no answer, view, metric, log or receipt', async () => {
    expect(await stage.expectNothingSaid()).toBeGreaterThan(50);
  });

  it('in no file', () => stage.expectNothingInFiles());
});
