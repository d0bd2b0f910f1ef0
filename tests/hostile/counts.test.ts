import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { addKey, addSource, receiptOf, settledSource } from '../support/calling.ts';
import { whole } from '../support/raw-upstream.ts';
import { type OwnSandbox, ownSandbox } from '../support/sandbox.ts';
import { OUTPUT_LIMIT, type Scene, type SceneOptions, type Script, Stage } from '../support/stage.ts';
import { VOICES, type Voice } from '../support/voices.ts';
import { answer, TEXT } from './faults.ts';

/** Half of its count is further from the bill than the margin. */
const LONG = 'what can be counted can be billed '.repeat(400);

/** Those whose providers count a request before it is sent. */
const COUNTING: readonly Voice[] = [VOICES.messages, VOICES.generate];
const UNCOUNTED: readonly Voice[] = [VOICES.chat, VOICES.responses];
/** What a count may be short of the bill, and the window that proves without one. */
const MARGIN = 512;
const WINDOW = 200_000;
const CAP = 20_000;

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open({ TALLY_UPSTREAM_HEADERS_MS: '1000', TALLY_UPSTREAM_IDLE_MS: '1000' });
});

afterEach(() => stage.expectHoldsForAll());
afterAll(() => stage?.close());

/** A model whose tokenizer is not public: under a small cap only a count bounds a call to it. */
const closed = (voice: Voice, more: SceneOptions = {}): Promise<Scene> =>
  stage.scene(voice, { provider: 'sandbox', model: 'sandbox-closed', cap: CAP, consent: true, ...more });

const isCount = (head: string): boolean => /^POST \S*(\/count_tokens|:countTokens) /.test(head);
const countOf = (tokens: unknown) => whole(JSON.stringify({ input_tokens: tokens, totalTokens: tokens }));
const refusal = (voice: Voice, status: number, headers = '') => whole(voice.errorBody('x'), headers).replace('200 OK', `${status} No`);
const send =
  (bytes: string): Script =>
  ({ socket }) =>
    void socket.write(bytes);

/** Counts as it is told, and answers as it is told. */
function plays(scene: Scene, count: Script | string, reply: Script | string): void {
  const [counting, answering] = [count, reply].map((each) => (typeof each === 'string' ? send(each) : each));
  scene.script = (request) => (isCount(request.head) ? counting : answering)?.(request);
}

const wire = ({ requests }: Scene): string => requests.map(({ head }) => (isCount(head) ? 'count' : 'call')).join(', ');

function packed(): Buffer {
  const content = gzipSync(JSON.stringify({ input_tokens: 9, totalTokens: 9 }));
  return Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: ${content.length}\r\n\r\n`), content]);
}

describe('a call that no proof fits', () => {
  it.concurrent.each(
    COUNTING.flatMap((voice) => [false, true].map((stream) => ({ name: `${voice.name}, stream: ${stream}`, voice, stream }))),
  )('is counted by its provider first; both have a hold and a receipt ($name)', async ({ voice, stream }) => {
    const scene = await closed(voice);
    plays(scene, countOf(1_000), answer(voice, stream));
    const seen = await scene.ask({ stream });
    expect(seen).toMatchObject({ status: 200, code: null });
    const held = 1_000 + MARGIN + OUTPUT_LIMIT;
    const named = ['x-tally-proof', 'x-tally-held', 'x-tally-attempts'].map((name) => seen.headers.get(name));
    expect(named).toEqual(['count', String(held), '2']);
    expect(await scene.booked()).toEqual(['released 0', 'metered 7']);
    expect(wire(scene)).toBe('count, call');
    const holds = scene.holds();
    expect(holds.map((row) => [row.call_id, row.attempt, row.held])).toEqual([
      [seen.callId, 1, 0],
      [seen.callId, 2, held],
    ]);
    const receipts = await Promise.all(holds.map(({ receipt_id }) => receiptOf(stage.daemon.url, receipt_id)));
    expect(receipts.map(({ receipt, detail }) => [receipt.attempt, receipt.charged, detail['endpoint'], detail['proof']])).toEqual([
      [1, 0n, 'count', holds[0]?.proof],
      [2, 7n, voice.name, 'count'],
    ]);
  });

  it.concurrent.each(COUNTING)('keeps two percent of a large count ($name)', async (voice) => {
    const scene = await closed(voice, { cap: 150_000 });
    plays(scene, countOf(100_001), answer(voice, false));
    expect((await scene.ask()).headers.get('x-tally-held')).toBe(String(100_001 + 2_001 + OUTPUT_LIMIT));
  });

  it.concurrent.each(COUNTING)('is counted anew each time ($name)', async (voice) => {
    const scene = await closed(voice);
    plays(scene, countOf(10), answer(voice, false));
    for (let n = 0; n < 2; n += 1) expect(await scene.ask()).toMatchObject({ status: 200 });
    expect(wire(scene)).toBe('count, call, count, call');
  });

  it.concurrent.each(COUNTING)('is counted once, however often it is then tried ($name)', async (voice) => {
    const scene = await closed(voice);
    const replies = [refusal(voice, 429, 'retry-after-ms: 10\r\n'), answer(voice, false)];
    plays(scene, countOf(10), ({ socket, number }) => void socket.write(replies[number - 2] ?? ''));
    const seen = await scene.ask();
    expect(seen).toMatchObject({ status: 200 });
    expect(seen.headers.get('x-tally-attempts')).toBe('3');
    expect(wire(scene)).toBe('count, call, call');
    expect(await scene.booked()).toEqual(['released 0', 'released 0', 'metered 7']);
  });

  it.concurrent.each(COUNTING)('is refused without its giver’s consent, and nothing is sent ($name)', async (voice) => {
    const scene = await closed(voice, { consent: false });
    expect(await scene.ask()).toMatchObject({ status: 402, code: 'CAP_EXCEEDED' });
    expect(scene.requests).toHaveLength(0);
  });

  it.concurrent.each(UNCOUNTED)('is refused where its provider counts nothing ($name)', async (voice) => {
    const scene = await closed(voice);
    expect(await scene.ask()).toMatchObject({ status: 402, code: 'CAP_EXCEEDED' });
    expect(scene.requests).toHaveLength(0);
  });

  it.concurrent.each(COUNTING)('is not counted where even the margin has no room ($name)', async (voice) => {
    const scene = await closed(voice, { cap: 500 });
    expect(await scene.ask()).toMatchObject({ status: 402, code: 'CAP_EXCEEDED' });
    expect(scene.requests).toHaveLength(0);
  });

  it.concurrent.each(COUNTING)('but not while one does ($name)', async (voice) => {
    const scene = await closed(voice, { cap: WINDOW + 1_000 });
    plays(scene, countOf(10), answer(voice, false));
    const first = await scene.ask();
    expect([first.headers.get('x-tally-proof'), first.headers.get('x-tally-held')]).toEqual(['window', String(WINDOW)]);
    expect(wire(scene)).toBe('call');
  });
});

describe('a count that fails: nothing more is sent, and nothing is spent:', () => {
  const failures: readonly (readonly [string, (voice: Voice) => Script | string, string])[] = [
    ['rate limited', (v) => refusal(v, 429, 'retry-after: 9\r\n'), '429 UPSTREAM_RATE_LIMITED'],
    ['refused', (v) => refusal(v, 400), '400 UPSTREAM_REFUSED'],
    ['a key that is not taken', (v) => refusal(v, 401), '502 UPSTREAM_AUTH'],
    ['status 500', (v) => refusal(v, 500), '502 UPSTREAM_ERROR'],
    ['no such route', (v) => refusal(v, 404), '502 UPSTREAM_ERROR'],
    ['a redirect', () => 'HTTP/1.1 307 Moved\r\nlocation: /\r\ncontent-length: 0\r\n\r\n', '502 UPSTREAM_ERROR'],
    ['no JSON', () => whole('<html>'), '502 UPSTREAM_ERROR'],
    ['an empty object', () => whole('{}'), '502 UPSTREAM_ERROR'],
    ['a negative number', () => countOf(-1), '502 UPSTREAM_ERROR'],
    ['a fraction', () => countOf(1.5), '502 UPSTREAM_ERROR'],
    ['a text', () => countOf('9'), '502 UPSTREAM_ERROR'],
    ['null', () => countOf(null), '502 UPSTREAM_ERROR'],
    ['beyond what can be counted', () => countOf(2 ** 53), '502 UPSTREAM_ERROR'],
    ['huge', () => countOf(10 ** 12), '402 CAP_EXCEEDED'],
    ['just beyond the cap', () => countOf(CAP * 0.9 - MARGIN - OUTPUT_LIMIT + 1), '402 CAP_EXCEEDED'],
    ['larger than any count is', () => whole(`{"input_tokens":9,"totalTokens":9,"x":"${'x'.repeat(70_000)}"}`), '502 UPSTREAM_ERROR'],
    [
      'packed',
      () =>
        ({ socket }) =>
          void socket.write(packed()),
      '502 UPSTREAM_ERROR',
    ],
    ['silence', () => () => {}, '502 UPSTREAM_ERROR'],
    ['silence after the head', () => 'HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{', '502 UPSTREAM_ERROR'],
    [
      'a reset',
      () =>
        ({ socket }) =>
          void socket.resetAndDestroy(),
      '502 UPSTREAM_ERROR',
    ],
    [
      'a cut',
      () =>
        ({ socket }) =>
          void socket.end('HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{"in'),
      '502 UPSTREAM_ERROR',
    ],
  ];
  it.concurrent.each(failures)('%s', async (_, count, told) => {
    for (const voice of COUNTING) {
      const scene = await closed(voice);
      plays(scene, count(voice), answer(voice, false));
      const { status, code } = await scene.ask();
      expect(`${status} ${code}`).toBe(told);
      expect(await scene.booked()).toEqual(['released 0']);
      await sleep(20);
      expect(wire(scene)).toBe('count');
    }
  });

  it.concurrent('another source takes the call over', async () => {
    for (const voice of COUNTING) {
      const [first, second] = [await closed(voice), await closed(voice)];
      plays(first, refusal(voice, 429, 'retry-after: 60\r\n'), answer(voice, false));
      plays(second, countOf(10), answer(voice, false));
      const key = await stage.keyFor(first, second);
      expect(await stage.call({ voice, model: 'sandbox-closed', key }, {})).toMatchObject({ status: 200 });
      expect([wire(first), wire(second)]).toEqual(['count', 'count, call']);
    }
  });
});

describe('the last tenth of a limit', () => {
  const need = 100 + MARGIN + OUTPUT_LIMIT;

  it.concurrent.each(COUNTING)('of a source is never entered by counted calls ($name)', async (voice) => {
    const cap = 5_000;
    const scene = await closed(voice, { cap });
    plays(scene, countOf(100), whole(voice.json(TEXT, voice.usage(600, 20))));
    let calls = 0;
    for (; calls < 20; calls += 1) if ((await scene.ask()).code === 'CAP_EXCEEDED') break;
    const { spent } = await scene.settled();
    expect(Number(spent)).toBe(620 * calls);
    expect(Number(spent) + need).toBeGreaterThan(cap * 0.9);
    expect(Number(spent)).toBeLessThanOrEqual(cap * 0.9);
    // What is proven may use it.
    plays(scene, countOf(100), whole(voice.json(TEXT, voice.usage(2, 3))));
    expect((await scene.ask({ model: 'sandbox-fixed-5' })).headers.get('x-tally-proof')).toBe('exact');
  });

  it.concurrent.each(COUNTING)('of a key is kept free too ($name)', async (voice) => {
    const scene = await closed(voice, { keyLimit: 1_000 });
    plays(scene, countOf(1_000 * 0.9 - MARGIN - OUTPUT_LIMIT), answer(voice, false));
    expect(await scene.ask()).toMatchObject({ status: 200 });
    const other = await closed(voice, { keyLimit: 1_000 });
    plays(other, countOf(1_000 * 0.9 - MARGIN - OUTPUT_LIMIT + 1), answer(voice, false));
    expect(await other.ask()).toMatchObject({ status: 402, code: 'CAP_EXCEEDED' });
    expect(wire(other)).toBe('count');
  });

  it.concurrent.each(COUNTING)('is free of what twenty calls at once hold ($name)', async (voice) => {
    const cap = 3_000;
    const scene = await closed(voice, { cap });
    plays(scene, countOf(100), ({ socket }) => void setTimeout(() => socket.write(answer(voice, false)), 50));
    let most = 0;
    let done = false;
    const watch = (async () => {
      while (!done) {
        const { held, spent } = stage.account(scene.id);
        most = Math.max(most, held + spent);
        await sleep(2);
      }
    })();
    const seen = await Promise.all(Array.from({ length: 20 }, () => scene.ask()));
    done = true;
    await watch;
    const told = new Set(seen.map(({ status, code }) => `${status} ${code}`));
    expect(told).toContain('200 null');
    expect(['200 null', '429 CAP_BUSY', '402 CAP_EXCEEDED']).toEqual(expect.arrayContaining([...told]));
    expect(most).toBeGreaterThanOrEqual(need);
    expect(most).toBeLessThanOrEqual(cap * 0.9);
  });
});

describe('a provider that counts less than it bills', () => {
  it.concurrent.each(COUNTING)('within the margin costs what it bills ($name)', async (voice) => {
    const scene = await closed(voice);
    plays(scene, countOf(100), whole(voice.json(TEXT, voice.usage(100 + MARGIN, 20))));
    expect(await scene.ask()).toMatchObject({ status: 200 });
    expect(await scene.settled()).toMatchObject({ state: 'active', spent: String(100 + MARGIN + 20), overrun: '0' });
  });

  it.concurrent.each(COUNTING)('beyond it freezes the source at the first overrun that can be seen ($name)', async (voice) => {
    const scene = await closed(voice);
    const need = 100 + MARGIN + OUTPUT_LIMIT;
    plays(scene, countOf(100), whole(voice.json(TEXT, voice.usage(1_000, 20))));
    expect(await scene.ask()).toMatchObject({ status: 200 });
    expect(await scene.settled()).toMatchObject({ state: 'frozen', spent: String(need), overrun: String(1_020 - need) });
    expect(await scene.ask()).toMatchObject({ status: 503, code: 'NO_AVAILABLE_KEYS' });
    expect(wire(scene)).toBe('count, call');
  });

  it.concurrent.each(COUNTING)(
    'costs at most the excess of the calls in flight, which the last tenth has room for ($name)',
    async (voice) => {
      const cap = 10_000;
      const scene = await closed(voice, { cap });
      const held: (() => void)[] = [];
      const reply = whole(voice.json(TEXT, voice.usage(700, 20)));
      plays(scene, countOf(100), ({ socket }) => void held.push(() => void socket.write(reply)));
      const calls = Array.from({ length: 6 }, () => scene.ask());
      await scene.arrived(12);
      for (const release of held) release();
      expect((await Promise.all(calls)).map(({ status }) => status)).toEqual(Array(6).fill(200));
      const { state, spent, overrun } = await scene.settled();
      const need = 100 + MARGIN + OUTPUT_LIMIT;
      expect([state, spent, overrun]).toEqual(['frozen', String(6 * need), String(6 * (720 - need))]);
      expect(Number(spent) + Number(overrun)).toBeLessThanOrEqual(cap);
    },
  );
});

describe('the sandbox itself', () => {
  let sandbox: OwnSandbox;

  beforeAll(async () => {
    sandbox = await ownSandbox();
  });

  afterAll(() => sandbox?.close());

  async function asked(voice: Voice, model: string) {
    const api_key = `sk-${model}-${voice.name}-abcdefghijkl`;
    const source = { base_url: `${sandbox.url}/v1`, api_key, cap: 60_000, count_consent: true };
    const id = await addSource(stage.daemon, source);
    const { key } = await addKey(stage.daemon, { sources: [id] });
    const seen = await stage.call({ voice, model, key }, { content: LONG });
    return { seen, id, key, view: await settledSource(stage.daemon, id), billed: await sandbox.usage(api_key) };
  }

  it.concurrent.each(COUNTING)('that counts what it bills stays below its bound ($name)', async (voice) => {
    const { seen, view, billed } = await asked(voice, 'sandbox-closed');
    expect(seen).toMatchObject({ status: 200, code: null });
    expect(seen.headers.get('x-tally-proof')).toBe('count');
    expect(view).toMatchObject({ state: 'active', overrun: '0', spent: String(billed.total_tokens) });
    expect(billed.total_tokens).toBeLessThanOrEqual(Number(seen.headers.get('x-tally-held')));
  });

  it.concurrent.each(COUNTING)('that counts half is frozen at its first bill, which is all that it can exceed ($name)', async (voice) => {
    const { seen, id, key, view, billed } = await asked(voice, 'sandbox-undercount');
    expect(seen).toMatchObject({ status: 200 });
    const held = Number(seen.headers.get('x-tally-held'));
    expect(billed.total_tokens).toBeGreaterThan(held);
    expect(view).toMatchObject({ state: 'frozen', spent: String(held), overrun: String(billed.total_tokens - held) });
    expect(await stage.call({ voice, model: 'sandbox-undercount', key }, {})).toMatchObject({ status: 503, code: 'NO_AVAILABLE_KEYS' });
    expect(await settledSource(stage.daemon, id)).toMatchObject({ spent: view.spent, overrun: view.overrun });
  });
});
