import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addKey, addSource, bodyOf, call, eventually, receiptOf, settledSource, sourceView, wrongs } from '../support/calling.ts';
import { startDaemon, type TestDaemon } from '../support/daemon.ts';
import { residentBytes } from '../support/processes.ts';
import {
  answerJson,
  chunk,
  DONE,
  frame,
  type RawUpstream,
  rawUpstream,
  STREAM_END,
  STREAM_HEAD,
  USAGE,
  whole,
} from '../support/raw-upstream.ts';

const STALL_MS = 1_200;
const MEBIBYTE = 1_048_576;
const MODELS = { raw: { window: 2_000_000, maxOutput: 1_000_000, tokenizer: 'unknown', endpoints: ['chat'] } };
const MAX = 900_000;
const METERED = 1;
const BURNED = 2;

let daemon: TestDaemon;
let upstream: RawUpstream;
let source: string;
let key: string;

beforeAll(async () => {
  const env = { TALLY_SANDBOX: '0', TALLY_READER_STALL_MS: String(STALL_MS), TALLY_LOG_LEVEL: 'fatal' };
  daemon = await startDaemon({ env });
});

afterAll(async () => daemon?.dispose());

beforeEach(async () => {
  upstream = await rawUpstream();
  const base_url = `${upstream.url}/v1`;
  source = await addSource(daemon, { provider: 'openai-compatible', base_url, api_key: 'sk-raw', cap: 100_000_000, models: MODELS });
  key = (await addKey(daemon, { sources: [source] })).key;
  return () => upstream.close();
});

/** A caller at the level of its socket, that reads only when it is told to. */
async function rawCaller(stream: boolean): Promise<Socket> {
  const { hostname, port } = new URL(daemon.url);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.on('error', () => {});
  await once(socket, 'connect');
  const body = bodyOf({ model: 'raw', stream, max: MAX });
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
  return socket;
}

/** Reads to the end. @param pauseMs after each chunk. */
async function readAll(socket: Socket, pauseMs = 0): Promise<string> {
  const parts: Buffer[] = [];
  try {
    for await (const part of socket) {
      parts.push(part as Buffer);
      if (pauseMs > 0) await sleep(pauseMs);
    }
  } catch {
    // Cut: what has come until then is what there is.
  }
  return Buffer.concat(parts).toString('utf8');
}

async function lastReceipt(text = '') {
  await settledSource(daemon, source);
  const id = /x-tally-receipt: ([0-9a-f]{32})/.exec(text)?.[1];
  return id === undefined ? null : receiptOf(daemon.url, id);
}

/** A stream of so many MiB, written as fast as it is taken. @returns what has left so far, bytes. */
function pour(mebibytes: number): () => number {
  let sent = 0;
  const piece = chunk(frame({ content: 'x'.repeat(65_000) }));
  upstream.onRequest(({ socket }) => {
    socket.write(STREAM_HEAD);
    let left = mebibytes * 16;
    const more = () => {
      while (left > 0) {
        left -= 1;
        sent += piece.length;
        if (!socket.write(piece)) return void socket.once('drain', more);
      }
      socket.write(chunk(frame({}, 'stop') + frame({}, null, USAGE) + DONE) + STREAM_END);
    };
    more();
  });
  return () => sent;
}

describe('a caller that hangs up', () => {
  it('in mid-stream, and the upstream never ends: cut at the deadline, the whole hold spent', async () => {
    const hurried = await startDaemon({ env: { TALLY_SANDBOX: '0', TALLY_CALL_DEADLINE_MS: '1200', TALLY_LOG_LEVEL: 'fatal' } });
    const id = await addSource(hurried, {
      provider: 'openai-compatible',
      base_url: upstream.url,
      api_key: 'sk-h',
      cap: 9_000_000,
      models: MODELS,
    });
    const other = await addKey(hurried, { sources: [id] });
    const leaving = new AbortController();
    upstream.onRequest(({ socket }) => {
      socket.write(STREAM_HEAD);
      // Not by a time of its own: on a busy machine it would leave before it had an answer.
      setTimeout(() => leaving.abort(), 400);
      const timer = setInterval(() => socket.write(chunk(frame({ content: 'on and on ' }))), 50);
      socket.once('close', () => clearInterval(timer));
    });
    const leaver = call(hurried.url, other.key, { model: 'raw', stream: true, max: 100_000, signal: leaving.signal });
    const stayer = await call(hurried.url, other.key, { model: 'raw', stream: true, max: 100_000 });
    expect(stayer).toMatchObject({ status: 200, code: 'UPSTREAM_TIMEOUT' });
    for (const { receipt: seen } of [await leaver, stayer]) {
      const { receipt, detail } = await receiptOf(hurried.url, seen);
      expect(receipt).toMatchObject({ kind: BURNED, charged: 2_000_000n });
      expect(detail).toMatchObject({ complete: false, reason: 'deadline' });
    }
    expect(await settledSource(hurried, id)).toMatchObject({ spent: '4000000', held: '0' });
    await hurried.dispose();
  });

  it('many at once, at any moment: every hold ends, and the books are sound', async () => {
    upstream.onRequest(({ socket }) => void setTimeout(() => socket.write(whole(answerJson())), 30));
    await Promise.all(
      Array.from({ length: 40 }, async (_, n) => {
        const signal = AbortSignal.timeout(1 + n * 2);
        await call(daemon.url, key, { model: 'raw', stream: n % 2 === 0, max: MAX, signal });
      }),
    );
    const { spent } = await settledSource(daemon, source);
    expect(Number(spent)).toBe(upstream.requests.length * 7);
    expect(await wrongs(daemon)).toEqual([]);
  });
});

describe('a caller that reads slowly', () => {
  it('slows the upstream down instead of filling the memory, and gets everything', async () => {
    const sent = pour(24);
    const before = residentBytes(daemon.pid);
    const callers = await Promise.all(Array.from({ length: 4 }, () => rawCaller(true)));
    await sleep(STALL_MS / 2);
    const [poured, grown] = [sent(), residentBytes(daemon.pid) - before];
    // What kernels buffer on the way is not ours: a few MiB a connection, of 24.
    expect(poured).toBeLessThan(4 * 16 * MEBIBYTE);
    expect(grown).toBeLessThan(96 * MEBIBYTE);
    const texts = await Promise.all(callers.map((caller) => readAll(caller)));
    for (const text of texts) {
      expect(text.length).toBeGreaterThan(24 * 1_000_000);
      expect((await lastReceipt(text))?.detail).toMatchObject({ complete: true });
    }
  });

  it('but never stops is not dropped, however long it takes', async () => {
    const body = answerJson('y'.repeat(12 * MEBIBYTE));
    upstream.onRequest(({ socket }) => socket.write(whole(body)));
    const from = performance.now();
    const text = await readAll(await rawCaller(false), 12);
    expect(performance.now() - from).toBeGreaterThan(STALL_MS);
    expect(text.length).toBeGreaterThan(12 * MEBIBYTE);
  });
});

describe('a caller that stops reading', () => {
  it('in a stream: is dropped after the stall time, while metering goes on', async () => {
    const sent = pour(24);
    const caller = await rawCaller(true);
    const [head] = (await once(caller, 'data')) as [Buffer];
    caller.pause();
    const bundle = await lastReceipt(head.toString());
    expect(bundle?.receipt).toMatchObject({ kind: METERED, charged: 7n });
    expect(bundle?.detail).toMatchObject({ complete: false });
    expect(sent()).toBeGreaterThan(24 * 1_000_000);
    expect((await readAll(caller)).length).toBeLessThan(24 * MEBIBYTE);
  });

  it('in a JSON answer: is dropped too, though the call has long been settled', async () => {
    const body = answerJson('y'.repeat(24 * MEBIBYTE));
    upstream.onRequest(({ socket }) => socket.write(whole(body)));
    const caller = await rawCaller(false);
    caller.pause();
    await eventually('the call is settled', async () => (await sourceView(daemon, source)).spent === '7');
    await sleep(STALL_MS * 3);
    expect((await readAll(caller)).length).toBeLessThan(24 * MEBIBYTE);
  });
});

describe('a call that waits for a connection', () => {
  it('is given up in time, and never sent later', async () => {
    const narrow = await startDaemon({
      env: { TALLY_SANDBOX: '0', TALLY_UPSTREAM_CONNECTIONS_MAX: '1', TALLY_RETRIES_MAX: '0', TALLY_LOG_LEVEL: 'fatal' },
    });
    try {
      upstream.onRequest(({ socket }) => void setTimeout(() => socket.write(whole(answerJson())), 2_600));
      const id = await addSource(narrow, {
        provider: 'openai-compatible',
        base_url: upstream.url,
        api_key: 'sk-n',
        cap: 9_000_000,
        models: MODELS,
      });
      const other = await addKey(narrow, { sources: [id] });
      const [first, second] = await Promise.all([0, 1].map(() => call(narrow.url, other.key, { model: 'raw', max: MAX })));
      expect([first?.status, second?.code]).toEqual([200, 'UPSTREAM_UNREACHABLE']);
      await sleep(300);
      expect(upstream.requests).toHaveLength(1);
      expect(await settledSource(narrow, id)).toMatchObject({ spent: '7' });
    } finally {
      await narrow.dispose();
    }
  });
});
