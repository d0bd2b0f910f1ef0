import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually, receiptOf } from '../support/calling.ts';
import { chunk, rawUpstream, STREAM_END, STREAM_HEAD, whole } from '../support/raw-upstream.ts';
import { HELD, type Scene, type SceneOptions, type Script, Stage } from '../support/stage.ts';
import { ALL_VOICES, VOICES, type Voice } from '../support/voices.ts';
import { answer } from './faults.ts';

const WAIT_MAX_MS = 2_000;
let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open({ TALLY_RETRY_WAIT_MS_MAX: String(WAIT_MAX_MS) });
});

afterEach(() => stage.expectHoldsForAll());
afterAll(() => stage?.close());

/** The sandbox's facts say that it does not bill 400, 401 and 429; its upstream here is ours all the same. */
const unbilled = (voice: Voice, more: SceneOptions = {}) => stage.scene(voice, { provider: 'sandbox', ...more });

const refusal = (voice: Voice, status: number, headers = '') => whole(voice.errorBody('x'), headers).replace('200 OK', `${status} No`);
const send =
  (bytes: string): Script =>
  ({ socket }) =>
    void socket.write(bytes);

/** Each request is answered by the next script, those after the last by the last. @returns when each came. */
function inTurn(scene: Scene, ...scripts: readonly Script[]): number[] {
  const at: number[] = [];
  scene.script = (request) => {
    at.push(performance.now());
    scripts[Math.min(request.number, scripts.length) - 1]?.(request);
  };
  return at;
}

const gap = ([first = 0, second = 0]: readonly number[]): number => second - first;
const inSeconds = (seconds: number): string => new Date(Date.now() + seconds * 1_000).toUTCString();

describe('a refusal that is not billed', () => {
  const forms = ALL_VOICES.flatMap((voice) => [false, true].map((stream) => ({ name: `${voice.name}, stream: ${stream}`, voice, stream })));

  it.concurrent.each(forms)('is asked again, under a hold and with a receipt of its own ($name)', async ({ voice, stream }) => {
    const scene = await unbilled(voice);
    inTurn(scene, send(refusal(voice, 429, 'retry-after-ms: 20\r\n')), send(answer(voice, stream)));
    const seen = await scene.ask({ stream });
    expect(seen).toMatchObject({ status: 200, code: null });
    expect(seen.headers.get('x-tally-attempts')).toBe('2');
    expect(await scene.booked()).toEqual(['released 0', 'metered 7']);
    expect(scene.requests).toHaveLength(2);
    // What is sent again is the very same.
    expect(scene.requests[1]?.body).toBe(scene.requests[0]?.body);
    const holds = scene.holds();
    expect(holds.map(({ call_id, attempt }) => [call_id, attempt])).toEqual([1, 2].map((attempt) => [seen.callId, attempt]));
    expect(holds[1]?.receipt_id).toBe(seen.receipt);
    const receipts = await Promise.all(holds.map(({ receipt_id }) => receiptOf(stage.daemon.url, receipt_id)));
    expect(receipts.map(({ receipt, detail }) => [receipt.attempt, receipt.charged, detail['outcome']])).toEqual([
      [1, 0n, 'released'],
      [2, 7n, 'metered'],
    ]);
    expect(new Set(receipts.map(({ receipt }) => receipt.callId)).size).toBe(1);
  });

  it.concurrent.each(ALL_VOICES)('is asked three times at most; then the caller is told ($name)', async (voice) => {
    const scene = await unbilled(voice);
    scene.script = send(refusal(voice, 429, 'retry-after-ms: 20\r\n'));
    const seen = await scene.ask();
    expect(seen).toMatchObject({ status: 429, code: 'UPSTREAM_RATE_LIMITED' });
    expect([seen.headers.get('x-tally-attempts'), seen.headers.get('retry-after')]).toEqual(['3', '1']);
    expect(await scene.booked()).toEqual(['released 0', 'released 0', 'released 0']);
    expect(await scene.settled()).toMatchObject({ spent: '0' });
    expect(scene.requests).toHaveLength(3);
  });

  it.concurrent.each([
    [400, 400, 'UPSTREAM_REFUSED'],
    [401, 502, 'UPSTREAM_AUTH'],
  ] as const)('that waiting cannot mend is told at once, and costs nothing (%i)', async (said, status, code) => {
    for (const voice of ALL_VOICES) {
      const scene = await unbilled(voice);
      scene.script = send(refusal(voice, said));
      expect(await scene.ask()).toMatchObject({ status, code });
      expect(await scene.booked()).toEqual(['released 0']);
      expect(scene.requests).toHaveLength(1);
    }
  });

  it.concurrent('of a source that releases nothing is spent, so it is not asked again', async () => {
    for (const voice of ALL_VOICES) {
      const scene = await unbilled(voice, { settle: 'hold' });
      scene.script = send(refusal(voice, 429, 'retry-after-ms: 1\r\n'));
      expect(await scene.ask()).toMatchObject({ status: 429, code: 'UPSTREAM_RATE_LIMITED' });
      expect(await scene.booked()).toEqual([`burned ${HELD}`]);
      expect(scene.requests).toHaveLength(1);
    }
  });
});

describe('the wait before a source is asked again', () => {
  const waits: readonly (readonly [name: string, header: () => string, least: number, most: number])[] = [
    ['is what `retry-after-ms` says', () => 'retry-after-ms: 400', 400, 1_200],
    ['is that rather than `retry-after`', () => 'retry-after-ms: 250.5\r\nretry-after: 60', 250, 1_200],
    ['is what `retry-after` says in seconds', () => 'retry-after: 1', 1_000, 2_000],
    ['is what `retry-after` says as a date', () => `retry-after: ${inSeconds(1.9)}`, 0, 2_000],
    ['is none for a date that has passed', () => `retry-after: ${inSeconds(-30)}`, 0, 5_000],
    ['grows from half a second without a header', () => 'x-none: 1', 374, 1_200],
    ['is the same for a header that cannot be read', () => 'retry-after: soon', 374, 1_200],
    ['is the same for a negative one', () => 'retry-after-ms: -1\r\nretry-after: -1', 374, 1_200],
    ['is the same for one beyond a day', () => 'retry-after: 90000', 374, 1_200],
    ['is the same for one that is repeated', () => 'retry-after-ms: 1\r\nretry-after-ms: 1', 374, 1_200],
  ];
  it.concurrent.each(waits)('%s', async (_, header, least, most) => {
    await Promise.all(
      ALL_VOICES.map(async (voice) => {
        const scene = await unbilled(voice);
        const at = inTurn(scene, (request) => send(refusal(voice, 429, `${header()}\r\n`))(request), send(answer(voice, false)));
        expect((await scene.ask()).status).toBe(200);
        expect(gap(at)).toBeGreaterThanOrEqual(least);
        expect(gap(at)).toBeLessThan(most + 1_000);
      }),
    );
  });

  it.concurrent('grows with each further one', async () => {
    const scene = await unbilled(VOICES.chat);
    const at = inTurn(scene, send(refusal(VOICES.chat, 429)));
    expect((await scene.ask()).status).toBe(429);
    expect(gap(at.slice(1))).toBeGreaterThan(749);
  });

  it.concurrent.each([
    ['longer than this gateway waits', 'retry-after: 30', '30'],
    ['longer than this gateway waits, in ms', 'retry-after-ms: 2001', '3'],
    ['as a date far off', `retry-after: ${inSeconds(600)}`, null],
    ['and not worth it', 'x-should-retry: false\r\nretry-after-ms: 1', '1'],
  ])('%s: the caller is told at once, with that time', async (_, header, expected) => {
    for (const voice of ALL_VOICES) {
      const scene = await unbilled(voice);
      scene.script = send(refusal(voice, 429, `${header}\r\n`));
      const from = performance.now();
      const seen = await scene.ask();
      expect(performance.now() - from).toBeLessThan(WAIT_MAX_MS);
      expect(seen).toMatchObject({ status: 429, code: 'UPSTREAM_RATE_LIMITED' });
      const after = String(seen.headers.get('retry-after'));
      if (expected === null) expect(Number(after)).toBeGreaterThan(580);
      else expect(after).toBe(expected);
      expect(scene.requests).toHaveLength(1);
    }
  });

  it.concurrent('is not outlived by a source that was stopped meanwhile', async () => {
    const scene = await unbilled(VOICES.messages);
    scene.script = send(refusal(VOICES.messages, 429, 'retry-after-ms: 800\r\n'));
    const asked = scene.ask();
    await scene.arrived(1);
    await stage.daemon.admin(`/sources/${scene.id}/pause`, { reason: 'test' });
    expect(await asked).toMatchObject({ status: 429, code: 'UPSTREAM_RATE_LIMITED' });
    expect(scene.requests).toHaveLength(1);
  });
});

describe('another source', () => {
  it.concurrent.each([
    ['is rate limited', 429, 'retry-after: 60\r\n'],
    ['has a key that is not taken', 401, ''],
  ] as const)('takes the call over at once where the first %s', async (_, status, headers) => {
    for (const voice of ALL_VOICES) {
      const [first, second] = [await unbilled(voice), await unbilled(voice)];
      first.script = send(refusal(voice, status, headers));
      second.script = send(answer(voice, true));
      const key = await stage.keyFor(first, second);
      const from = performance.now();
      const seen = await stage.call({ voice, model: 'raw', key }, { stream: true });
      expect(performance.now() - from).toBeLessThan(3_000);
      expect(seen).toMatchObject({ status: 200, code: null });
      expect(seen.headers.get('x-tally-attempts')).toBe('2');
      expect([await first.booked(), await second.booked()]).toEqual([['released 0'], ['metered 7']]);
      expect(second.holds()[0]).toMatchObject({ call_id: seen.callId, attempt: 2, receipt_id: seen.receipt });
    }
  });

  it.concurrent('is not asked where the first one may have billed the call', async () => {
    for (const voice of ALL_VOICES) {
      for (const script of [
        send(refusal(voice, 500)),
        ({ socket }: { socket: { resetAndDestroy(): unknown } }) => void socket.resetAndDestroy(),
      ]) {
        const [first, second] = [await unbilled(voice), await unbilled(voice)];
        first.script = script;
        second.script = send(answer(voice, false));
        const key = await stage.keyFor(first, second);
        expect(await stage.call({ voice, model: 'raw', key }, {})).toMatchObject({ status: 502, code: 'UPSTREAM_ERROR' });
        expect([await first.booked(), await second.booked()]).toEqual([[`burned ${HELD}`], []]);
      }
    }
  });

  it.concurrent('does not make the first one be asked before the time that it named', async () => {
    const voice = VOICES.chat;
    const [first, second] = [await unbilled(voice), await unbilled(voice)];
    first.script = send(refusal(voice, 429, 'retry-after: 60\r\n'));
    inTurn(second, send(refusal(voice, 429, 'retry-after-ms: 50\r\n')), send(answer(voice, false)));
    const key = await stage.keyFor(first, second);
    expect(await stage.call({ voice, model: 'raw', key }, {})).toMatchObject({ status: 200 });
    expect([first.requests.length, second.requests.length]).toEqual([1, 2]);
  });

  it.concurrent.each([0, 1])('without room for the call does not keep the first one from being asked again (older by %i)', async (at) => {
    const voice = VOICES.responses;
    const scenes = [await unbilled(voice, { cap: at === 0 ? 100 : HELD }), await unbilled(voice, { cap: at === 1 ? 100 : HELD })];
    const [full, first] = [scenes[at] as Scene, scenes[1 - at] as Scene];
    inTurn(first, send(refusal(voice, 429, 'retry-after-ms: 50\r\n')), send(answer(voice, false)));
    const key = await stage.keyFor(full, first);
    expect(await stage.call({ voice, model: 'raw', key }, {})).toMatchObject({ status: 200, code: null });
    expect([full.requests.length, await first.booked()]).toEqual([0, ['released 0', 'metered 7']]);
  });

  it.concurrent('that cannot take it either: the call’s own error is told, not that there was no room', async () => {
    const voice = VOICES.generate;
    const [first, second] = [await unbilled(voice), await unbilled(voice, { cap: 100 })];
    first.script = send(refusal(voice, 429, 'retry-after: 60\r\n'));
    const key = await stage.keyFor(first, second);
    expect(await stage.call({ voice, model: 'raw', key }, {})).toMatchObject({ status: 429, code: 'UPSTREAM_RATE_LIMITED' });
    expect(second.requests).toHaveLength(0);
  });
});

describe('what was never sent', () => {
  it.concurrent.each(ALL_VOICES)('is tried again until somebody listens ($name)', async (voice) => {
    const gone = await rawUpstream();
    const scene = await stage.scene(voice, { url: gone.url });
    await gone.close();
    const seen = await scene.ask();
    expect(seen).toMatchObject({ status: 502, code: 'UPSTREAM_UNREACHABLE' });
    expect(seen.headers.get('x-tally-attempts')).toBe('3');
    expect(await scene.booked()).toEqual(['released 0', 'released 0', 'released 0']);
  });

  it.concurrent('goes to another source at once', async () => {
    const gone = await rawUpstream();
    const voice = VOICES.responses;
    const [first, second] = [await stage.scene(voice, { url: gone.url }), await stage.scene(voice)];
    await gone.close();
    second.script = send(answer(voice, false));
    const seen = await stage.call({ voice, model: 'raw', key: await stage.keyFor(first, second) }, {});
    expect(seen).toMatchObject({ status: 200, code: null });
    expect([await first.booked(), await second.booked()]).toEqual([['released 0'], ['metered 7']]);
  });
});

describe('sent exactly once, whatever comes:', () => {
  const twice: readonly (readonly [string, (voice: Voice, stream: boolean) => Script])[] = [
    ...[402, 403, 404, 408, 409, 413, 422, 425, 500, 502, 503, 504, 529].map(
      (status) =>
        [`status ${status}`, (voice: Voice) => send(refusal(voice, status, 'retry-after-ms: 1\r\nx-should-retry: true\r\n'))] as const,
    ),
    [
      'a reset',
      () =>
        ({ socket }) =>
          void socket.resetAndDestroy(),
    ],
    [
      'a cut',
      () =>
        ({ socket }) =>
          void socket.end('HTTP/1.1 200 OK\r\ncontent-length: 90\r\n\r\n{'),
    ],
    ['a redirect', () => send('HTTP/1.1 307 Moved\r\nlocation: /\r\nretry-after-ms: 1\r\ncontent-length: 0\r\n\r\n')],
    [
      'status 200 and a rate limit inside',
      (voice, stream) => send(stream ? STREAM_HEAD + chunk(voice.errorFrame) + STREAM_END : whole(voice.errorBody('rate_limit_error'))),
    ],
    ['a stream that fails after its first byte', (voice) => send(STREAM_HEAD + chunk(voice.open()) + chunk(voice.errorFrame) + STREAM_END)],
    [
      'a 429 that breaks off',
      (voice) =>
        ({ socket }) =>
          void socket.end(refusal(voice, 429, 'retry-after-ms: 1\r\n').slice(0, -3)),
    ],
  ];
  const scenes = new Map<Voice, Promise<Scene>>();

  it.concurrent.each(twice)('%s', async (_, script) => {
    for (const voice of ALL_VOICES) scenes.set(voice, scenes.get(voice) ?? unbilled(voice));
    await Promise.all(
      ALL_VOICES.flatMap((voice) =>
        [false, true].map(async (stream) => {
          const scene = (await scenes.get(voice)) as Scene;
          let requests = 0;
          const counted: Script = (request) => {
            requests += 1;
            script(voice, stream)(request);
          };
          const { seen } = await scene.plays(counted, { stream });
          expect(await scene.bookedOne(seen)).toMatch(new RegExp(`^(burned|bound) ${HELD}$`));
          expect(seen.headers.has('x-tally-attempts')).toBe(false);
          await sleep(50);
          expect(requests).toBe(1);
        }),
      ),
    );
  });
});

describe('while many calls are tried again', () => {
  it.concurrent('what is held never exceeds the cap, and a call that finds no room is told why it was refused', async () => {
    const voice = VOICES.messages;
    const scene = await unbilled(voice, { cap: 3 * HELD });
    scene.script = (request) =>
      send(request.number % 3 === 0 ? answer(voice, false) : refusal(voice, 429, 'retry-after-ms: 30\r\n'))(request);
    let most = 0;
    let done = false;
    const watch = (async () => {
      while (!done) {
        const { held, spent } = stage.account(scene.id);
        most = Math.max(most, held + spent);
        await sleep(2);
      }
    })();
    const seen = await Promise.all(Array.from({ length: 24 }, () => scene.ask()));
    done = true;
    await watch;
    expect(most).toBeGreaterThan(HELD);
    expect(most).toBeLessThanOrEqual(3 * HELD);
    const ends = new Set(seen.map(({ status, code }) => `${status} ${code}`));
    expect(ends).toContain('200 null');
    expect(['200 null', '429 CAP_BUSY', '429 UPSTREAM_RATE_LIMITED']).toEqual(expect.arrayContaining([...ends]));
    const served = seen.filter(({ status }) => status === 200).length;
    expect(await scene.settled()).toMatchObject({ spent: String(served * 7) });
    expect(scene.requests).toHaveLength(scene.holds().length);
  });

  it.concurrent('a cap with room for one hold is enough for one call: the first is free before the second is placed', async () => {
    for (const voice of ALL_VOICES) {
      const scene = await unbilled(voice, { cap: HELD });
      inTurn(
        scene,
        send(refusal(voice, 429, 'retry-after-ms: 1\r\n')),
        send(refusal(voice, 429, 'retry-after-ms: 1\r\n')),
        send(answer(voice, false)),
      );
      expect(await scene.ask()).toMatchObject({ status: 200 });
      await eventually('three requests', async () => scene.requests.length === 3);
      expect(await scene.booked()).toEqual(['released 0', 'released 0', 'metered 7']);
    }
  });
});
