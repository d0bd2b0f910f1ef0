/** Callers and upstreams that work the edges of the contract: who pays, and that nothing is left hanging. */
import type { ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addKey, addSource, call, eventually, receiptOf, sourceView, wrongs } from '../support/calling.ts';
import { startDaemon, type TestDaemon } from '../support/daemon.ts';
import { type RecordingUpstream, startRecordingUpstream } from '../support/recording-upstream.ts';

const MODEL = 'gpt-4o-mini';
const ENV = { TALLY_SANDBOX: '0', TALLY_LOG_LEVEL: 'error' };
/** Of all tests: each has a source and a key of its own, and what one freezes is no other's. */
let shared: TestDaemon;
let daemon: TestDaemon;
let upstream: RecordingUpstream;
let source: string;
let key: { id: string; key: string };

beforeAll(async () => {
  shared = await startDaemon({ env: ENV });
});
afterAll(async () => shared?.dispose());
beforeEach(async () => {
  upstream = await startRecordingUpstream();
  daemon = shared;
  await useSource({});
});
afterEach(async () => {
  if (daemon !== shared) await daemon.dispose();
  await upstream.close();
});

/** For a test that ends its daemon, or needs other settings. */
async function useOwnDaemon(more: Readonly<Record<string, string>> = {}): Promise<void> {
  daemon = await startDaemon({ env: { ...ENV, ...more } });
  await useSource({});
}

async function useSource(more: Readonly<Record<string, unknown>>): Promise<void> {
  source = await addSource(daemon, { provider: 'openai', base_url: upstream.url, api_key: 'sk-hostile', cap: 10_000_000, ...more });
  key = await addKey(daemon, { sources: [source] });
}

async function keySpent(): Promise<number> {
  const { body } = await daemon.admin<{ keys: { id: string; spent: string }[] }>('/keys');
  return Number(body.keys.find(({ id }) => id === key.id)?.spent);
}

async function allSettled(): Promise<void> {
  await eventually('no hold is open', async () => (await sourceView(daemon, source)).held === '0');
}

const chunk = (choices: unknown[], more: object = {}) =>
  `data: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', model: MODEL, choices, ...more })}\n\n`;
const text = (content: string) => chunk([{ index: 0, delta: { content }, finish_reason: null }]);
const stop = chunk([{ index: 0, delta: {}, finish_reason: 'stop' }]);
const usage = (prompt: number, completion: number) =>
  chunk([], { usage: { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion } });
const events =
  (...frames: string[]) =>
  (_: unknown, res: ServerResponse) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    res.end(frames.join(''));
  };

describe('answers behind one another on one socket', () => {
  it('a small answer behind a large one that nobody reads settles, and so does the large one; the daemon still stops', async () => {
    await useOwnDaemon();
    upstream.answer = ({ body }, res) => {
      if (!body.includes('"stream":true')) {
        res.writeHead(200, { 'content-type': 'application/json' });
        res.end(
          JSON.stringify({
            id: 'x',
            object: 'chat.completion',
            choices: [],
            usage: { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 },
          }),
        );
        return;
      }
      events(...Array.from({ length: 160 }, () => text('word '.repeat(2000))), stop, usage(3, 900), 'data: [DONE]\n\n')(null, res);
    };
    const post = (more: object) => {
      const body = JSON.stringify({ model: MODEL, max_completion_tokens: 16_000, messages: [{ role: 'user', content: 'Hello' }], ...more });
      return `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key.key}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
    };
    for (let socketNo = 0; socketNo < 3; socketNo += 1) {
      const socket = connect(Number(new URL(daemon.url).port), '127.0.0.1');
      socket.on('error', () => {});
      socket.pause();
      socket.write(post({ stream: true }));
      await sleep(400);
      socket.write(post({}));
      await sleep(400);
      socket.resume();
      await sleep(200);
      socket.destroy();
    }
    await allSettled();
    expect(await keySpent()).toBe(3 * (903 + 4));
    expect(await wrongs(daemon)).toEqual([]);
    expect(await daemon.stop()).toBe(0);
  });
});

describe('what cannot be bounded', () => {
  it.each([
    [{ id: 'msg_1' }],
    [{ type: 'message', id: 'msg_1' }],
    [{ id: 'msg_1', role: 'user' }],
    [{ type: 'function_call', id: 'fc_1', call_id: 'c' }],
    [{ type: 'item_reference', id: 'msg_1' }],
  ])('an item that refers to one stored at the provider is refused: %j', async (item) => {
    const response = await fetch(`${daemon.url}/v1/responses`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: MODEL, max_output_tokens: 16, input: [item, { role: 'user', content: 'go on' }] }),
    });
    expect(response.status).toBe(400);
    expect(upstream.arrived).toHaveLength(0);
  });

  it('schemas count as what providers may make of them, four times their bytes', async () => {
    const parameters = { type: 'object', properties: { n: { enum: Array.from({ length: 300 }, (_, i) => i) } } };
    const held = async (tools: object) => {
      const response = await fetch(`${daemon.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key.key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ model: MODEL, max_completion_tokens: 16, messages: [{ role: 'user', content: 'Hello' }], ...tools }),
      });
      return Number(response.headers.get('x-tally-held'));
    };
    const tools = [{ type: 'function', function: { name: 'f', parameters } }];
    expect((await held({ tools })) - (await held({}))).toBeGreaterThanOrEqual(4 * JSON.stringify(tools).length);
  });
});

describe('who pays for what is not known', () => {
  it('a request that the upstream refuses is the caller’s to pay, whole', async () => {
    upstream.answer = (_, res) => {
      res.writeHead(400, { 'content-type': 'application/json' });
      res.end(JSON.stringify({ error: { message: 'no', type: 'invalid_request_error', code: 'bad' } }));
    };
    const seen = await call(daemon.url, key.key, { model: MODEL, max: 500 });
    expect(seen).toMatchObject({ status: 400, code: 'UPSTREAM_REFUSED' });
    await allSettled();
    const { spent } = await sourceView(daemon, source);
    expect(Number(spent)).toBe(Number(seen.headers.get('x-tally-held')));
    expect(await keySpent()).toBe(Number(spent));
    expect((await receiptOf(daemon.url, seen.receipt)).receipt.kind).toBe(2);
  });

  it('of an answer that is cut, the caller pays for what it got; of one that never came, nothing', async () => {
    upstream.answer = (_, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write(text('x'.repeat(50)));
      setTimeout(() => res.destroy(), 50);
    };
    await call(daemon.url, key.key, { model: MODEL, max: 500, stream: true });
    await allSettled();
    const got = await keySpent();
    expect(got).toBeGreaterThan(50);
    expect(got).toBeLessThan(500);
    upstream.answer = (_, res) => void res.destroy();
    await call(daemon.url, key.key, { model: MODEL, max: 500 });
    await allSettled();
    expect(await keySpent()).toBe(got);
    expect(Number((await sourceView(daemon, source)).spent)).toBeGreaterThan(1000);
    expect(await wrongs(daemon)).toEqual([]);
  });
});

describe('reports that are not the last word', () => {
  it.each([
    ['text after the report', [usage(9, 1), ...Array.from({ length: 90 }, () => text('word ')), stop, 'data: [DONE]\n\n']],
    [
      'a last report that cannot be read',
      [
        usage(9, 1),
        text('word '),
        stop,
        chunk([], { usage: { prompt_tokens: 9, completion_tokens: 900.5, total_tokens: 909.5 } }),
        'data: [DONE]\n\n',
      ],
    ],
  ])('%s: the whole hold is charged', async (_, frames) => {
    upstream.answer = events(...frames);
    const seen = await call(daemon.url, key.key, { model: MODEL, max: 400, stream: true });
    await allSettled();
    expect((await sourceView(daemon, source)).spent).toBe(seen.headers.get('x-tally-held'));
  });

  it('an overrun in a last frame without its end freezes the source', async () => {
    upstream.answer = events(text('word '), stop, usage(9, 450).trimEnd());
    await call(daemon.url, key.key, { model: MODEL, max: 400, stream: true });
    expect(await eventually('frozen', async () => (await sourceView(daemon, source)).state === 'frozen')).toBe(true);
  });

  it('an overrun beyond any price freezes the source too', async () => {
    await useSource({
      tariff: [
        { unit: 'input', price: '2500000', per: '1000000' },
        { unit: 'output', price: '600', per: '1' },
      ],
    });
    upstream.answer = events(text('word '), stop, usage(9, 2 ** 52), 'data: [DONE]\n\n');
    const seen = await call(daemon.url, key.key, { model: MODEL, max: 400, stream: true });
    expect(await eventually('frozen', async () => (await sourceView(daemon, source)).state === 'frozen')).toBe(true);
    await allSettled();
    expect((await call(daemon.url, key.key, { model: MODEL, max: 400 })).code).toBe('NO_AVAILABLE_KEYS');
    const { receipt } = await receiptOf(daemon.url, seen.receipt);
    expect(receipt.amount).toBeLessThanOrEqual(600n * BigInt(seen.headers.get('x-tally-held') ?? 0));
  });
});

describe('bodies that are too much together', () => {
  it('are refused with OVERLOADED, and give their room back', async () => {
    await useOwnDaemon({ TALLY_BODIES_BYTES_MAX: '20000', TALLY_BODY_TIMEOUT_MS: '1500' });
    const open = Array.from({ length: 4 }, () => {
      const socket = connect(Number(new URL(daemon.url).port), '127.0.0.1');
      socket.on('error', () => {});
      socket.write(
        `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key.key}\r\ncontent-type: application/json\r\ncontent-length: 9000\r\n\r\n${'x'.repeat(6000)}`,
      );
      return socket;
    });
    await sleep(300);
    expect(await call(daemon.url, key.key, { model: MODEL, content: 'x'.repeat(5000) })).toMatchObject({ status: 503, code: 'OVERLOADED' });
    for (const socket of open) socket.destroy();
    await eventually(
      'there is room again',
      async () => (await call(daemon.url, key.key, { model: MODEL, content: 'x'.repeat(5000) })).status === 200,
    );
  });
});
