import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addKey, addSource, call, receiptOf, type Seen, settledSource } from '../support/calling.ts';
import { startDaemon, type TestDaemon } from '../support/daemon.ts';
import {
  answerJson,
  chunk,
  DONE,
  frame,
  type RawRequest,
  type RawUpstream,
  rawUpstream,
  STREAM_END,
  STREAM_HEAD,
  USAGE,
  whole,
} from '../support/raw-upstream.ts';

const METERED = 1;
const BURNED = 2;
const BOUND = 3;
const MODELS = { raw: { window: 4_096, maxOutput: 512, tokenizer: 'unknown', endpoints: ['chat'] } };
const HELD = 4_096;

let daemon: TestDaemon;
let upstream: RawUpstream;
let source: string;
let key: string;

beforeAll(async () => {
  const env = { TALLY_SANDBOX: '0', TALLY_UPSTREAM_HEADERS_MS: '600', TALLY_UPSTREAM_IDLE_MS: '600', TALLY_LOG_LEVEL: 'fatal' };
  daemon = await startDaemon({ env });
});

afterAll(async () => daemon?.dispose());

beforeEach(async () => {
  upstream = await rawUpstream();
  source = await addSource(daemon, {
    provider: 'openai-compatible',
    base_url: `${upstream.url}/v1`,
    api_key: 'sk-raw',
    cap: 90_000,
    models: MODELS,
  });
  key = (await addKey(daemon, { sources: [source] })).key;
  return () => upstream.close();
});

const ask = (stream = false): Promise<Seen> => call(daemon.url, key, { model: 'raw', stream, max: 20 });

/** How the last call ended in the books, after nothing is held any more; and that each hold sent at most one request. */
async function ending(seen: Seen): Promise<{ kind: number; charged: number; complete: unknown; reason: unknown }> {
  const view = await settledSource(daemon, source);
  const { receipt, detail } = await receiptOf(daemon.url, seen.receipt);
  expect(Number(view.spent)).toBeGreaterThanOrEqual(Number(receipt.charged));
  expect(upstream.requests.length).toBeLessThanOrEqual(Number(receipt.sourceSeq));
  return { kind: receipt.kind, charged: Number(receipt.charged), complete: detail['complete'], reason: detail['reason'] };
}

const send =
  (...bytes: string[]) =>
  ({ socket }: RawRequest) =>
    void socket.write(bytes.join(''));

describe('a connection that breaks', () => {
  const breaks: [string, (request: RawRequest) => void][] = [
    ['before the answer', ({ socket }) => socket.resetAndDestroy()],
    ['in mid-head', ({ socket }) => socket.write('HTTP/1.1 200 OK\r\ncontent-ty', () => socket.destroy())],
    ['in mid-body', ({ socket }) => socket.write(whole(answerJson()).slice(0, -20), () => socket.destroy())],
  ];
  it.each(breaks)('%s: the whole hold is spent, and nothing is sent again', async (_, answer) => {
    upstream.onRequest(answer);
    const seen = await ask();
    expect(seen).toMatchObject({ status: 502, code: 'UPSTREAM_ERROR' });
    expect(await ending(seen)).toMatchObject({ kind: BURNED, charged: HELD, complete: false });
    await sleep(100);
    expect(upstream.requests).toHaveLength(1);
  });

  it('after a whole answer: the answer stands', async () => {
    upstream.onRequest(({ socket }) => socket.write(whole(answerJson()), () => socket.resetAndDestroy()));
    const seen = await ask();
    expect(seen).toMatchObject({ status: 200, code: null });
    expect(await ending(seen)).toMatchObject({ kind: METERED, charged: 7, complete: true });
  });

  it('in a stream that reports with every frame: what came last is not what is billed', async () => {
    const partial = frame({ content: 'hi' }).replace('"usage":null', `"usage":${JSON.stringify(USAGE)}`);
    upstream.onRequest(({ socket }) => socket.write(STREAM_HEAD + chunk(partial), () => socket.destroy()));
    const seen = await ask(true);
    expect(seen).toMatchObject({ status: 200, code: 'UPSTREAM_ERROR' });
    expect(await ending(seen)).toMatchObject({ kind: BURNED, charged: HELD });
    upstream.onRequest(send(STREAM_HEAD, chunk(partial), STREAM_END));
    expect(await ending(await ask(true))).toMatchObject({ kind: BURNED, charged: HELD });
  });

  it('in a stream after its report, but before its end marker: the report of a finished answer stands', async () => {
    const frames = frame({ content: 'hi' }) + frame({}, 'stop') + frame({}, null, USAGE);
    upstream.onRequest(({ socket }) => socket.write(STREAM_HEAD + chunk(frames), () => socket.destroy()));
    const seen = await ask(true);
    expect(await ending(seen)).toMatchObject({ kind: METERED, charged: 7 });
  });
});

describe('keep-alive', () => {
  it('a server that closes its idle socket at the moment of the next request gets that request at most once', async () => {
    upstream.onRequest(({ socket, number }) => {
      // Every second request finds a socket that has just been closed by the other side.
      if (number % 2 === 1) socket.write(whole(answerJson()), () => setImmediate(() => socket.end()));
      else socket.write(whole(answerJson()));
    });
    const seen: Seen[] = [];
    for (let n = 0; n < 30; n += 1) seen.push(await ask());
    const served = seen.filter(({ status }) => status === 200).length;
    for (const one of seen.filter(({ status }) => status !== 200))
      expect(one.code).toMatch(/^UPSTREAM_(ERROR|UNREACHABLE)$|^CAP_EXCEEDED$/);
    const view = await settledSource(daemon, source);
    expect(upstream.requests.length).toBeGreaterThanOrEqual(served);
    expect(upstream.requests.length).toBeLessThanOrEqual(seen.length);
    expect(upstream.requests.length * 7).toBeLessThanOrEqual(Number(view.spent));
  });

  it('a server that resets while it reads the next request gets no second try', async () => {
    upstream.onRequest(send(whole(answerJson())));
    expect((await ask()).status).toBe(200);
    upstream.onRequest(({ socket }) => socket.resetAndDestroy());
    const seen = await ask();
    expect(seen).toMatchObject({ status: 502, code: 'UPSTREAM_ERROR' });
    expect(await ending(seen)).toMatchObject({ kind: BURNED, charged: HELD });
    await sleep(200);
    expect(upstream.requests).toHaveLength(2);
  });

  it('two answers on one socket: the second is nobody’s, and the socket is given up', async () => {
    upstream.onRequest(({ socket, number }) => {
      if (number === 1) socket.write(whole(answerJson('first')) + whole(answerJson('smuggled')));
      else socket.write(whole(answerJson('second')));
    });
    expect((await ask()).text).toContain('first');
    const second = await ask();
    expect(second.status).toBe(200);
    expect(second.text).toContain('second');
    expect(upstream.connections()).toBe(2);
  });

  it('an answer that says it closes is not followed by a request on that socket', async () => {
    upstream.onRequest(({ socket }) => socket.end(whole(answerJson(), 'connection: close\r\n')));
    for (let n = 0; n < 3; n += 1) expect((await ask()).status).toBe(200);
    expect(upstream.connections()).toBe(3);
  });
});

describe('an answer that is not as it should be', () => {
  it('is preceded by informational ones: they are skipped', async () => {
    upstream.onRequest(send('HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n', 'HTTP/1.1 102 Processing\r\n\r\n', whole(answerJson())));
    const seen = await ask();
    expect(seen).toMatchObject({ status: 200, code: null });
    expect(await ending(seen)).toMatchObject({ kind: METERED, charged: 7 });
  });

  const odd: [string, (request: RawRequest) => void, number, string, number][] = [
    ['a 100 that nobody asked for', send('HTTP/1.1 100 Continue\r\n\r\n', whole(answerJson())), 502, 'UPSTREAM_ERROR', BURNED],
    ['headers of 200 KB', send(whole(answerJson(), `x-pad: ${'a'.repeat(200_000)}\r\n`)), 502, 'UPSTREAM_ERROR', BURNED],
    ['10,000 headers', send(whole(answerJson(), 'x-pad: aaaaa\r\n'.repeat(10_000))), 502, 'UPSTREAM_ERROR', BURNED],
    ['chunks that are no chunks', send(STREAM_HEAD, 'zz\r\nhello\r\n'), 502, 'UPSTREAM_ERROR', BURNED],
    ['no HTTP at all', send('220 mail ready\r\n'), 502, 'UPSTREAM_ERROR', BURNED],
    ['two lengths', send(whole(answerJson(), 'content-length: 3\r\n')), 502, 'UPSTREAM_ERROR', BURNED],
    ['a length and chunks', send(whole(answerJson(), 'transfer-encoding: chunked\r\n')), 502, 'UPSTREAM_ERROR', BURNED],
    ['a redirect', send('HTTP/1.1 307 Moved\r\nlocation: /v1/elsewhere\r\ncontent-length: 0\r\n\r\n'), 502, 'UPSTREAM_ERROR', BURNED],
    ['a compressed answer', send(whole('\x1f\x8b\x08', 'content-encoding: gzip\r\n')), 502, 'UPSTREAM_ERROR', BURNED],
    ['an upgrade', send('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'), 502, 'UPSTREAM_ERROR', BURNED],
    ['status 204 and no body', send('HTTP/1.1 204 No Content\r\n\r\n'), 502, 'UPSTREAM_ERROR', BOUND],
    ['status 999', send('HTTP/1.1 999 Odd\r\ncontent-length: 0\r\n\r\n'), 502, 'UPSTREAM_ERROR', BURNED],
    ['a refusal that no facts list as unbilled', send('HTTP/1.1 400 Bad\r\ncontent-length: 2\r\n\r\n{}'), 400, 'UPSTREAM_REFUSED', BURNED],
    ['a JSON array', send(whole('[1,2]')), 502, 'UPSTREAM_ERROR', BOUND],
    ['bytes that are no UTF-8', send(whole('{"a":"\xff\xfe"')), 502, 'UPSTREAM_ERROR', BOUND],
  ];
  it.each(odd)('%s', async (_, answer, status, code, kind) => {
    upstream.onRequest(answer);
    const seen = await ask();
    expect(seen).toMatchObject({ status, code });
    expect(await ending(seen)).toMatchObject({ kind, charged: HELD, complete: false });
    expect(upstream.requests).toHaveLength(1);
    upstream.onRequest(send(whole(answerJson())));
    expect((await ask()).status).toBe(200);
  });

  it('comes before the request’s body was sent: it is an answer, and the socket is not used again', async () => {
    let early = 0;
    upstream.onPart((soFar, socket) => {
      if (early > 0 || !soFar.includes('\r\n\r\n')) return;
      early += 1;
      socket.end(whole(answerJson(), 'connection: close\r\n'));
    });
    const body = 'x'.repeat(400_000);
    const wide = { raw: { window: 1_000_000, maxOutput: 512, tokenizer: 'unknown', endpoints: ['chat'] } };
    const id = await addSource(daemon, {
      provider: 'openai-compatible',
      base_url: upstream.url,
      api_key: 'sk-early',
      cap: 90_000_000,
      models: wide,
    });
    const other = await addKey(daemon, { sources: [id] });
    const seen = await call(daemon.url, other.key, { model: 'raw', max: 20, content: body });
    expect(early).toBe(1);
    expect([200, 502]).toContain(seen.status);
    const view = await settledSource(daemon, id);
    expect(Number(view.spent)).toBe(seen.status === 200 ? 7 : 1_000_000);
    expect(upstream.requests.length).toBeLessThanOrEqual(1);
  });
});

describe('an answer that does not come', () => {
  const silences: [string, (request: RawRequest) => void][] = [
    ['at all', () => {}],
    ['to the end of its head', ({ socket }) => drip(socket)],
    ['beyond its head', send('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n')],
  ];
  it.each(silences)('%s: given up in time, and spent', async (_, answer) => {
    upstream.onRequest(answer);
    const from = performance.now();
    const seen = await ask();
    expect(seen).toMatchObject({ status: 504, code: 'UPSTREAM_TIMEOUT' });
    expect(performance.now() - from).toBeLessThan(4_000);
    expect(await ending(seen)).toMatchObject({ kind: BURNED, charged: HELD });
    expect(upstream.requests).toHaveLength(1);
  });

  it('because nobody listens: nothing was sent, so nothing is spent', async () => {
    await upstream.close();
    const seen = await ask();
    expect(seen).toMatchObject({ status: 502, code: 'UPSTREAM_UNREACHABLE' });
    expect(await settledSource(daemon, source)).toMatchObject({ spent: '0' });
    upstream = await rawUpstream();
  });
});

/** Headers without end, a line at a time. */
function drip(socket: RawRequest['socket']): void {
  socket.write('HTTP/1.1 200 OK\r\n');
  const timer = setInterval(() => socket.write('x-more: a\r\n'), 50);
  socket.once('close', () => clearInterval(timer));
}

describe('a stream', () => {
  it('with an answer as it should be is metered, cut anywhere', async () => {
    const text =
      frame({ role: 'assistant', content: '' }) + frame({ content: 'hé 🙂' }) + frame({}, 'stop') + frame({}, null, USAGE) + DONE;
    upstream.onRequest(({ socket }) => {
      socket.write(STREAM_HEAD);
      for (const byte of Buffer.from(text)) socket.write(Buffer.concat([Buffer.from('1\r\n'), Buffer.from([byte]), Buffer.from('\r\n')]));
      socket.write(STREAM_END);
    });
    const seen = await ask(true);
    expect(seen.text).toContain('hé 🙂');
    expect(await ending(seen)).toMatchObject({ kind: METERED, charged: 7, complete: true });
  });

  it('with an error inside is cut, and its words are kept back', async () => {
    const error = `data: ${JSON.stringify({ error: { message: 'bad key sk-raw', code: 'server_error' } })}\n\n`;
    upstream.onRequest(send(STREAM_HEAD, chunk(frame({ content: 'hi' })), chunk(error)));
    const seen = await ask(true);
    expect(seen).toMatchObject({ status: 200, code: 'UPSTREAM_ERROR' });
    expect(seen.text).not.toContain('sk-raw');
    expect(await ending(seen)).toMatchObject({ kind: BURNED, charged: HELD });
  });
});

describe('the number of requests on the wire', () => {
  it('is never more than the holds that were placed, over everything above', async () => {
    upstream.onRequest(({ socket, number }) => {
      if (number % 3 === 0) socket.resetAndDestroy();
      else if (number % 3 === 1) socket.end(whole(answerJson()));
      else socket.write(whole(answerJson()));
    });
    const seen = await Promise.all(Array.from({ length: 40 }, () => ask()));
    const sent = seen.filter(({ receipt }) => receipt !== null).length;
    expect(upstream.requests.length).toBeLessThanOrEqual(sent);
    expect(upstream.requests.length).toBeGreaterThan(0);
  });
});
