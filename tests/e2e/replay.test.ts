import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addSource, eventually, settledSource, wrongs } from '../support/calling.ts';
import { addKey, verifiedReceipt } from '../support/calls.ts';
import { CanarySearch } from '../support/canary.ts';
import { startDaemon, type TestDaemon } from '../support/daemon.ts';
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
import { type OwnSandbox, ownSandbox } from '../support/sandbox.ts';
import { VOICES } from '../support/voices.ts';

const ANSWER_BYTES_MAX = 20_000;
const ENV = { TALLY_SANDBOX: '0', TALLY_LOG_LEVEL: 'warn', TALLY_REPLAY_BYTES_MAX: String(ANSWER_BYTES_MAX) };
const MODELS = { raw: { window: 4_096, maxOutput: 512, tokenizer: 'unknown', endpoints: ['chat'] } };
const UNREADABLE = 'a kept answer does not match its seal';

let sandbox: OwnSandbox;
let upstream: RawUpstream;
let daemon: TestDaemon;

beforeAll(async () => {
  [sandbox, upstream] = await Promise.all([ownSandbox(), rawUpstream()]);
  daemon = await startDaemon({ env: ENV });
});
afterAll(async () => {
  expect(await wrongs(daemon)).toEqual([]);
  await daemon?.dispose();
  await sandbox?.close();
  await upstream?.close();
});

type Party = { readonly source: string; readonly apiKey: string; readonly keyId: string; readonly key: string };

/** A source of its own and a key for it. `raw`: at the socket, else at the sandbox. */
async function party(options: { readonly raw?: boolean; readonly replayS?: number } = {}): Promise<Party> {
  const { raw = false, replayS = 600 } = options;
  const apiKey = `sk-${randomBytes(8).toString('hex')}`;
  const at = raw
    ? { provider: 'openai-compatible', base_url: `${upstream.url}/v1`, models: MODELS }
    : { provider: 'sandbox', base_url: `${sandbox.url}/v1` };
  const source = await addSource(daemon, { ...at, api_key: apiKey, cap: 5_000_000 });
  const { id, virtual_key } = await addKey(daemon, { name: 'replay', sources: [source], replay_s: replayS });
  return { source, apiKey, keyId: id, key: virtual_key };
}

type Seen = { readonly status: number; readonly headers: Headers; readonly bytes: Buffer };

async function post(key: string, idempotency: string, path: string, body: object): Promise<Seen> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'idempotency-key': idempotency };
  const answer = await fetch(daemon.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: answer.status, headers: answer.headers, bytes: Buffer.from(await answer.arrayBuffer()) };
}

const rawBody = (stream: boolean, content = 'Hello') => VOICES.chat.body({ model: 'raw', stream, max: 512, content });
const ask = ({ key }: Pick<Party, 'key'>, idempotency = 'once', stream = false) =>
  post(key, idempotency, '/v1/chat/completions', rawBody(stream));
const codeOf = (seen: Seen) => [seen.status, seen.headers.get('x-tally-error')];
const isReplay = ({ headers }: Seen) => headers.get('x-tally-replayed') === 'true';

function books<T>(work: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(join(daemon.dir, 'data', 'ledger.db'), { timeout: 5_000 });
  try {
    return work(db);
  } finally {
    db.close();
  }
}

const countOf = (what: 'holds' | 'replays', keyId: string) =>
  books((db) => Number(db.prepare(`SELECT count(*) AS n FROM ${what} WHERE key_id = ?`).get(keyId)?.['n']));

/** Asks again while the first call is still being settled, as an SDK does. */
async function again(seek: () => Promise<Seen>): Promise<Seen> {
  return eventually('the first call has ended', async () => {
    const seen = await seek();
    return seen.headers.get('x-tally-error') === 'IN_FLIGHT' ? null : seen;
  });
}

describe('a call that was answered', () => {
  const cases = (['chat', 'messages'] as const).flatMap((name) => [false, true].map((stream) => [name, stream] as const));

  it.each(cases)('%s (stream: %s) is answered again byte by byte, and nothing is sent or held', async (name, stream) => {
    const one = await party();
    const voice = VOICES[name];
    const body = voice.body({ model: 'sandbox-small', stream, max: 20, content: 'Hello there' });
    const send = () => post(one.key, 'k-1', voice.path('sandbox-small', stream), body);
    const first = await send();
    expect([first.status, isReplay(first)]).toEqual([200, false]);
    for (let n = 0; n < 3; n += 1) {
      const second = await again(send);
      expect(second.status, second.bytes.toString()).toBe(200);
      expect(second.bytes.equals(first.bytes)).toBe(true);
      expect(isReplay(second)).toBe(true);
      for (const header of [
        'content-type',
        'cache-control',
        'x-tally-call-id',
        'x-request-id',
        'request-id',
        'x-tally-receipt',
        'x-tally-mode',
      ])
        expect([header, second.headers.get(header)]).toEqual([header, first.headers.get(header)]);
    }
    const { spent } = await settledSource(daemon, one.source);
    expect((await sandbox.usage(one.apiKey)).requests).toBe(1);
    expect((await sandbox.usage(one.apiKey)).total_tokens).toBe(Number(spent));
    expect(countOf('holds', one.keyId)).toBe(1);
    await verifiedReceipt(daemon, String(first.headers.get('x-tally-receipt')));
  });

  it('with another body, or under a key that does not ask for it, is refused as before', async () => {
    const [one, plain] = [await party({ raw: true }), await party({ raw: true, replayS: 0 })];
    upstream.onRequest(({ socket }) => void socket.write(whole(answerJson())));
    for (const who of [one, plain]) expect((await ask(who)).status).toBe(200);
    expect(codeOf(await again(() => ask(plain)))).toEqual([409, 'ALREADY_SERVED']);
    const other = await again(() => post(one.key, 'once', '/v1/chat/completions', rawBody(false, 'Other')));
    expect(codeOf(other)).toEqual([422, 'IDEMPOTENCY_MISMATCH']);
    expect(isReplay(await again(() => ask(one)))).toBe(true);
    expect(countOf('replays', plain.keyId)).toBe(0);
  });

  it('is answered again after a kill -9', async () => {
    const one = await party({ raw: true });
    upstream.onRequest(({ socket }) => void socket.write(whole(answerJson(randomBytes(20).toString('hex')))));
    const first = await ask(one);
    // The replay shows that the answer is in the books; after the kill it must still be there.
    expect(isReplay(await again(() => ask(one)))).toBe(true);
    await daemon.stop('SIGKILL');
    daemon = await startDaemon({ dir: daemon.dir, env: ENV });
    const second = await ask(one);
    expect([second.status, isReplay(second), second.bytes.equals(first.bytes)]).toEqual([200, true, true]);
  });
});

describe('a caller that left', () => {
  /** Sends a request at the socket and leaves: after the first bytes of its stream, or at once. */
  async function leave(one: Party, stream: boolean): Promise<void> {
    const before = upstream.requests.length;
    const { hostname, port } = new URL(daemon.url);
    const socket = connect(Number(port), hostname);
    const body = JSON.stringify(rawBody(stream));
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${one.key}\r\nidempotency-key: once\r\n` +
        `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
    if (stream) await once(socket, 'data');
    else await eventually('the request is upstream', async () => upstream.requests.length > before);
    socket.destroy();
    await sleep(100);
  }

  it('in mid-stream gets the whole stream when it comes back', async () => {
    const one = await party({ raw: true });
    const [first, rest] = [frame({ content: 'first' }), frame({ content: 'second' }) + frame({}, 'stop')];
    let finish = () => {};
    upstream.onRequest(({ socket }) => {
      socket.write(STREAM_HEAD + chunk(first));
      finish = () => socket.write(chunk(rest + frame({}, null, USAGE) + DONE) + STREAM_END);
    });
    const sent = upstream.requests.length;
    await leave(one, true);
    expect(codeOf(await ask(one, 'once', true))).toEqual([409, 'IN_FLIGHT']);
    finish();
    const seen = await again(() => ask(one, 'once', true));
    expect([seen.status, isReplay(seen)]).toEqual([200, true]);
    // As it would have been relayed: the usage frame and its nulls are withheld from a caller that did not ask for them.
    expect(seen.bytes.toString()).toBe((first + rest + DONE).replaceAll(',"usage":null', ''));
    const { detail } = await verifiedReceipt(daemon, String(seen.headers.get('x-tally-receipt')));
    expect(detail).toMatchObject({ complete: false });
    expect(upstream.requests.length - sent).toBe(1);
  });

  it('before the answer came gets it when it comes back', async () => {
    const one = await party({ raw: true });
    const json = answerJson('for one who left');
    upstream.onRequest(({ socket }) => void setTimeout(() => socket.write(whole(json)), 300));
    const sent = upstream.requests.length;
    await leave(one, false);
    const seen = await again(() => ask(one));
    expect([seen.status, isReplay(seen), seen.bytes.toString()]).toEqual([200, true, json]);
    expect(upstream.requests.length - sent).toBe(1);
  });

  it('and whose stream was cut is told that the outcome is not known', async () => {
    const one = await party({ raw: true });
    upstream.onRequest(({ socket }) => void socket.end(STREAM_HEAD + chunk(frame({ content: 'first' }))));
    await leave(one, true);
    expect(codeOf(await again(() => ask(one, 'once', true)))).toEqual([409, 'OUTCOME_UNKNOWN']);
    expect(countOf('replays', one.keyId)).toBe(0);
  });
});

describe('what is not kept any more, or never was', () => {
  const served = [409, 'ALREADY_SERVED'];

  it('expires, and goes away', async () => {
    const one = await party({ raw: true, replayS: 3 });
    upstream.onRequest(({ socket }) => void socket.write(whole(answerJson())));
    const first = await ask(one);
    expect(isReplay(await again(() => ask(one)))).toBe(true);
    await sleep(3_100);
    const late = await ask(one);
    expect(codeOf(late)).toEqual(served);
    expect(late.bytes.toString()).toContain(String(first.headers.get('x-tally-receipt')));
    await eventually('the chore drops it', async () => countOf('replays', one.keyId) === 0);
  });

  it.each([false, true])('is too large (stream: %s)', async (stream) => {
    const one = await party({ raw: true });
    const text = 'x'.repeat(ANSWER_BYTES_MAX);
    const streamed = chunk(frame({ content: text }) + frame({}, 'stop') + frame({}, null, USAGE) + DONE);
    upstream.onRequest(({ socket }) => void socket.write(stream ? STREAM_HEAD + streamed + STREAM_END : whole(answerJson(text))));
    expect((await ask(one, 'once', stream)).bytes.length).toBeGreaterThan(ANSWER_BYTES_MAX);
    expect(codeOf(await again(() => ask(one, 'once', stream)))).toEqual(served);
    expect(countOf('replays', one.keyId)).toBe(0);
  });

  it.each<[string, string]>([
    ['another tag', 'UPDATE replays SET sealed = unhex(substr(hex(sealed), 1, 2 * size - 32) || hex(zeroblob(16))) WHERE key_id = ?'],
    ['a longer life', 'UPDATE replays SET expires_at = expires_at + 1 WHERE key_id = ?'],
    ['another call', "UPDATE replays SET call_id = '01890000-0000-7000-8000-000000000000' WHERE key_id = ?"],
    ['no call at all', "UPDATE replays SET call_id = 'x' WHERE key_id = ?"],
  ])('was tampered with: %s', async (_, sql) => {
    const one = await party({ raw: true });
    upstream.onRequest(({ socket }) => void socket.write(whole(answerJson())));
    await ask(one);
    expect(isReplay(await again(() => ask(one)))).toBe(true);
    const logged = () => daemon.stderr().split(UNREADABLE).length;
    const before = logged();
    expect(books((db) => db.prepare(sql).run(one.keyId)).changes).toBe(1);
    expect(codeOf(await ask(one))).toEqual(served);
    await eventually('it is logged', async () => logged() === before + 1);
  });

  it('is another virtual key’s, even where the books are made to say that it is its own', async () => {
    const one = await party({ raw: true });
    const { id, virtual_key: other } = await addKey(daemon, { name: 'other', sources: [one.source], replay_s: 600 });
    upstream.onRequest(({ socket, number }) => void socket.write(whole(answerJson(`answer ${number}`))));
    const first = await ask(one);
    expect(isReplay(await again(() => ask(one)))).toBe(true);
    // An idempotency key is one virtual key's: for another this is another call.
    const theirs = await ask({ key: other });
    expect([theirs.status, isReplay(theirs), theirs.bytes.equals(first.bytes)]).toEqual([200, false, false]);
    const forge = 'UPDATE idempotency SET hold_no = (SELECT hold_no FROM idempotency WHERE key_id = ?) WHERE key_id = ?';
    expect(books((db) => db.prepare(forge).run(one.keyId, id)).changes).toBe(1);
    const before = daemon.stderr().split(UNREADABLE).length;
    expect(codeOf(await ask({ key: other }))).toEqual(served);
    await eventually('it is logged', async () => daemon.stderr().split(UNREADABLE).length === before + 1);
  });
});

describe('a key in no good standing gets no replay', () => {
  async function answered(): Promise<Party> {
    const one = await party({ raw: true });
    upstream.onRequest(({ socket }) => void socket.write(whole(answerJson())));
    await ask(one);
    expect(isReplay(await again(() => ask(one)))).toBe(true);
    return one;
  }

  it('while all calls are stopped', async () => {
    const one = await answered();
    await daemon.admin('/stop', {});
    expect(codeOf(await ask(one))).toEqual([503, 'POOL_STOPPED']);
    await daemon.admin('/start', {});
    expect(isReplay(await ask(one))).toBe(true);
  });

  it('once it is revoked, and what was kept for it is gone', async () => {
    const one = await answered();
    expect(countOf('replays', one.keyId)).toBe(1);
    await daemon.admin(`/keys/${one.keyId}/revoke`, {});
    expect(codeOf(await ask(one))).toEqual([401, 'KEY_REVOKED']);
    expect(countOf('replays', one.keyId)).toBe(0);
  });

  it('once it has expired', async () => {
    const { source } = await party({ raw: true });
    const until = Date.now() + 3_000;
    const { virtual_key: key } = await addKey(daemon, { name: 'short', sources: [source], replay_s: 600, expires_at: until });
    upstream.onRequest(({ socket }) => void socket.write(whole(answerJson())));
    await ask({ key });
    expect(isReplay(await again(() => ask({ key })))).toBe(true);
    await sleep(until - Date.now() + 50);
    expect(codeOf(await ask({ key }))).toEqual([401, 'KEY_EXPIRED']);
  });
});

it('neither the prompt nor the answer nor the key stands anywhere in the data folder', async () => {
  const one = await party({ raw: true });
  const [prompt, answer] = [randomBytes(30).toString('hex'), randomBytes(30).toString('hex')];
  upstream.onRequest(({ socket }) => void socket.write(whole(answerJson(answer))));
  const send = () => post(one.key, 'secret', '/v1/chat/completions', rawBody(false, prompt));
  expect((await send()).bytes.toString()).toContain(answer);
  expect(isReplay(await again(send))).toBe(true);
  const search = new CanarySearch(
    Object.entries({ prompt, answer, key: one.key }).map(([name, text]) => ({ name, secret: Buffer.from(text) })),
  );
  expect(countOf('replays', one.keyId)).toBe(1);
  const { found, files } = search.inFolder(join(daemon.dir, 'data'));
  expect(found).toEqual([]);
  expect(files.filter((path) => path.includes('ledger.db')).length).toBeGreaterThan(0);
  expect(search.in('the search itself', `x${answer}`)).not.toEqual([]);
});
