import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { SANDBOX_MODELS } from '@tallystick/sandbox/models';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectSoundBooks, noOpenHolds } from '../support/calls.ts';
import { type Asked, CanaryStage, type Planted, TOKEN_FILE, unusualSecret, usualSecret } from '../support/canary-stage.ts';
import { ALL_VOICES, stream, VOICES } from '../support/voices.ts';

const GOOD = { text: 'Hi', input: 3, output: 1 };
let stage: CanaryStage;
let planted: readonly Planted[];

beforeAll(async () => {
  stage = await CanaryStage.open();
  planted = await stage.sources();
});

afterAll(() => stage?.close());

function answer(res: ServerResponse, status: number, type: string, body: string, headers: Readonly<Record<string, string>> = {}): void {
  res.writeHead(status, { 'content-type': type, ...headers }).end(body);
}

function good({ voice, stream: streams, count }: Asked, res: ServerResponse): void {
  const usage = voice.usage(GOOD.input, GOOD.output);
  if (count) answer(res, 200, 'application/json', JSON.stringify({ input_tokens: GOOD.input, totalTokens: GOOD.input }));
  else if (streams) answer(res, 200, 'text/event-stream', stream(voice, GOOD.text, usage));
  else answer(res, 200, 'application/json', voice.json(GOOD.text, usage));
}

/** The key in every field that an error of any dialect has. */
function quotingError(key: string): string {
  const message = `Incorrect API key provided: ${key}. Masked: ${key.slice(0, 18)}****. Again: (${key})`;
  const details = [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: key, metadata: { key } }, { retryDelay: key }];
  return JSON.stringify({ type: key, request_id: key, error: { message, code: key, type: key, param: key, status: key, details } });
}

function quotingHeaders(key: string): Readonly<Record<string, string>> {
  const named = [
    'x-request-id',
    'request-id',
    'retry-after',
    'retry-after-ms',
    'x-should-retry',
    'anthropic-ratelimit-tokens-limit',
    'server',
  ];
  return {
    ...Object.fromEntries(named.map((name) => [name, key])),
    'set-cookie': `key=${key}`,
    'www-authenticate': `Bearer realm="${key}"`,
    location: `http://127.0.0.1:1/?key=${encodeURIComponent(key)}`,
  };
}

const quoteEverywhere =
  (status: number) =>
  ({ key }: Asked, res: ServerResponse): void =>
    answer(res, status, 'application/json', quotingError(key), quotingHeaders(key));

const all = () => Promise.all(planted.map((one) => stage.both(one)));

describe('the search itself', () => {
  it('finds every form that it is told to find', () => {
    const search = stage.search(true);
    const [usual, unusual] = [planted[0]?.secret ?? '', planted[1]?.secret ?? ''];
    const found = (text: string | Buffer) =>
      search.in('planted', Buffer.concat([Buffer.from('xy '), Buffer.from(text), Buffer.from(' z')])).length;
    for (const form of ['hex', 'base64', 'base64url', 'utf16le'] as const) {
      const text = form === 'utf16le' ? Buffer.from(usual, form) : Buffer.from(usual).toString(form);
      expect(found(text), form).toBeGreaterThan(0);
    }
    for (const before of ['a', 'ab', 'abc']) expect(found(Buffer.from(`${before}${usual}b`).toString('base64')), before).toBeGreaterThan(0);
    expect(found(encodeURIComponent(unusual))).toBeGreaterThan(0);
    expect(found(unusual.slice(0, 16))).toBeGreaterThan(0);
    expect(found('nothing of it')).toBe(0);
    expect(search.in(TOKEN_FILE, readFileSync(join(stage.dir, 'data', TOKEN_FILE))).length).toBeGreaterThan(0);
  });
});

describe('good calls', () => {
  it('arrive with their own secrets, in JSON and in streams of each dialect', async () => {
    const arrived: string[] = [];
    stage.quote((asked, res) => {
      arrived.push(`${asked.voice.name} ${asked.key}`);
      good(asked, res);
    });
    await all();
    expect(arrived.sort()).toEqual(planted.flatMap(({ voice, secret }) => Array(2).fill(`${voice.name} ${secret}`)).sort());
  });

  it('all models of the sandbox', async () => {
    const own = { base_url: undefined, models: undefined, provider: 'sandbox' };
    const sources = await Promise.all(ALL_VOICES.map((voice) => stage.source(voice, usualSecret(voice), own)));
    const models = SANDBOX_MODELS.flatMap(({ id, endpoints }) =>
      sources.flatMap((one) => (endpoints.includes(one.voice.name) ? [{ ...one, model: id }] : [])),
    );
    await Promise.all(models.map((one) => stage.both(one)));
    await noOpenHolds(stage.daemon);
  });

  it('repeats under an idempotency key, which may be a secret itself', async () => {
    stage.quote(good);
    for (const one of planted) {
      const key = stage.plant(`idempotency key for ${one.voice.name}`, unusualSecret());
      for (const content of ['Hi', 'Hi', 'Other']) await stage.hear(await stage.ask(one, false, { 'idempotency-key': key }, content));
    }
  });
});

describe('an upstream that quotes its key', () => {
  it.each([400, 401, 403, 404, 409, 413, 422, 429, 500, 502, 503, 504, 529, 307])('everywhere, with status %i', async (status) => {
    stage.quote(quoteEverywhere(status));
    await all();
  });

  it.each<[string, string, (asked: Asked) => string]>([
    ['an error in place of an answer', 'application/json', ({ key }) => quotingError(key)],
    ['an error page', 'text/html', ({ key }) => `<html>${key}</html>`],
    ['broken JSON', 'application/json', ({ key }) => `{"key":"${key}`],
    ['a usage that is none', 'application/json', ({ key }) => JSON.stringify({ error: { message: key }, usage: key, usageMetadata: key })],
    ['an error in a stream', 'text/event-stream', ({ key }) => `event: error\ndata: ${quotingError(key)}\n\n`],
    ['a second error after the first words', 'text/event-stream', ({ voice, key }) => `${voice.open()}data: ${quotingError(key)}\n\n`],
    ['an error that is no JSON', 'text/event-stream', ({ key }) => `event: error\ndata: ${key}\n\n`],
    ['a bare error in a stream', 'text/event-stream', ({ key }) => `data: ${JSON.stringify({ error: { message: key } })}\n\n`],
    ['a cut frame', 'text/event-stream', ({ key }) => `data: {"id":"${key}`],
  ])('in a 200 answer: %s', async (_, type, body) => {
    stage.quote((asked, res) => answer(res, 200, type, body(asked), quotingHeaders(asked.key)));
    // What comes as JSON to who asked for a stream, or the other way round, is content to nobody.
    await Promise.all(planted.map(async (one) => stage.hear(await stage.ask(one, type === 'text/event-stream'))));
  });

  it('in a compressed answer, a broken head, and a connection that it cuts', async () => {
    const ways: readonly ((asked: Asked, res: ServerResponse) => void)[] = [
      ({ key }, res) => answer(res, 200, 'application/json', key, { 'content-encoding': 'gzip' }),
      ({ key }, res) => void res.socket?.end(`HTTP/1.1 200 OK\r\n${key}\r\n\r\n`),
      ({ key }, res) => void res.socket?.end(`HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n${key}`),
      ({ key }, res) => void res.socket?.end(`HTTP/1.1 103 Hints\r\nlink: ${key}\r\n\r\nHTTP/1.1 400 ${key}\r\ncontent-length: 0\r\n\r\n`),
    ];
    for (const way of ways) {
      stage.quote(way);
      await all();
    }
  });

  it('in words that end up in the receipt', async () => {
    stage.quote(({ voice, key, stream: streams }, res) => {
      const usage = voice.usage(GOOD.input, GOOD.output, { service_tier: key, trafficType: key });
      const text = streams ? stream(voice, GOOD.text, usage) : voice.json(GOOD.text, usage);
      const quoted = text.replaceAll(/"(stop|end_turn|STOP|completed)"/g, JSON.stringify(key));
      answer(res, 200, streams ? 'text/event-stream' : 'application/json', quoted, quotingHeaders(key));
    });
    for (const one of planted) {
      for (const streams of [false, true]) {
        const { headers, body } = await stage.ask(one, streams);
        // The answer's own content is the caller's to read; its headers, and the receipt, are not.
        await body?.cancel();
        stage.heard(JSON.stringify([...headers]));
      }
    }
  });

  it('while it counts, and in the call after it', async () => {
    const closed = { provider: 'sandbox', models: undefined, cap: 20_000 };
    const counted = await Promise.all([VOICES.messages, VOICES.generate].map((voice) => stage.source(voice, unusualSecret(), closed)));
    const counts: number[] = [];
    for (const status of [400, 401, 429, 500, 200]) {
      stage.quote((asked, res) => {
        if (asked.count) counts.push(status);
        if (!asked.count || status === 200) good(asked, res);
        else quoteEverywhere(status)(asked, res);
      });
      for (const one of counted) {
        const asking = { ...one, model: 'sandbox-closed' };
        await stage.both(asking);
        const path = one.voice.name === 'messages' ? '/v1/messages/count_tokens' : '/v1beta/models/sandbox-closed:countTokens';
        const { max_tokens: _, ...body } = one.voice.body({ model: 'sandbox-closed', stream: false, content: 'Hi' });
        const headers = { authorization: `Bearer ${one.key}`, 'content-type': 'application/json' };
        await stage.hear(await fetch(stage.daemon.url + path, { method: 'POST', headers, body: JSON.stringify(body) }));
      }
    }
    expect(counts.length).toBeGreaterThan(20);
  });

  it('before a retry that succeeds, and in each of three that do not', async () => {
    const free = { provider: 'sandbox', models: undefined };
    const retried = await Promise.all(ALL_VOICES.map((voice) => stage.source(voice, unusualSecret(), free)));
    for (const goodAt of [2, Number.POSITIVE_INFINITY]) {
      const attempts = new Map<string, number>();
      stage.quote((asked, res) => {
        const attempt = (attempts.get(asked.key) ?? 0) + 1;
        attempts.set(asked.key, attempt);
        if (attempt >= goodAt) good(asked, res);
        else answer(res, 429, 'application/json', quotingError(asked.key), { ...quotingHeaders(asked.key), 'retry-after-ms': '5' });
      });
      for (const one of retried) await stage.hear(await stage.ask({ ...one, model: 'sandbox-small' }, false));
      expect([...attempts.values()]).toEqual(retried.map(() => Math.min(goodAt, 3)));
    }
  });

  it('kill -9 with calls under way, and a start after it', async () => {
    stage.quote(() => {});
    const running = Promise.allSettled(planted.map((one) => stage.both(one)));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(stage.search(false).inFolder(join(stage.dir, 'data')).found).toEqual([]);
    await stage.restart('SIGKILL');
    await running;
    await expectSoundBooks(stage.daemon);
  });
});

describe('afterwards the secrets are nowhere', () => {
  it('in no process’s command line or environment', () => stage.expectNothingInProcesses());

  it('in no view, metric, log or receipt', async () => {
    expect(await stage.expectNothingSaid()).toBeGreaterThan(400);
    // A second start shows no virtual key at all.
    expect(stage.daemon.stdout()).toContain('"virtual_key":null');
  });

  it('in no file: books and their journals, sealed records, slots, audit log, sandbox, backup', () => stage.expectNothingInFiles());
});
