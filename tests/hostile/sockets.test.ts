import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { addKey, addSource, call, settledSource } from '../support/calling.ts';
import { rawUpstream, whole } from '../support/raw-upstream.ts';
import { HELD, type Scene, type Seen, Stage } from '../support/stage.ts';
import { ALL_VOICES, type Voice } from '../support/voices.ts';
import { answer, TEXT } from './faults.ts';

/** Longer than an idle socket is kept here, which is half of the shortest keep-alive in common use. */
const IDLE_MS = 2_600;

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open({ TALLY_RETRIES_MAX: '0' });
});

afterEach(() => stage.expectHoldsForAll());
afterAll(() => stage?.close());

const good = (voice: Voice, text = TEXT) => whole(voice.json(text, voice.usage(4, 3)));
const sockets = ({ requests }: Scene): number => new Set(requests.map(({ socket }) => socket)).size;

describe('a socket that is kept open', () => {
  it.concurrent.each(ALL_VOICES)('carries one call after another, JSON and streams ($name)', async (voice) => {
    const scene = await stage.scene(voice);
    scene.script = ({ socket, number }) => void socket.write(answer(voice, number % 2 === 0));
    for (let n = 1; n <= 6; n += 1) expect(await scene.ask({ stream: n % 2 === 0 })).toMatchObject({ status: 200, code: null });
    expect([scene.requests.length, sockets(scene)]).toEqual([6, 1]);
  });

  it.concurrent.each(ALL_VOICES)(
    'is closed by the other side just as the next request comes: that is sent at most once ($name)',
    async (voice) => {
      const scene = await stage.scene(voice, { cap: 90_000 });
      scene.script = ({ socket, number }) => {
        // Every second request finds a socket that has just been closed by the other side.
        if (number % 2 === 1) socket.write(good(voice), () => setImmediate(() => socket.end()));
        else socket.write(good(voice));
      };
      const seen: Seen[] = [];
      for (let n = 0; n < 20; n += 1) seen.push(await scene.ask());
      const served = seen.filter(({ status }) => status === 200).length;
      for (const { code, status } of seen) if (status !== 200) expect(code).toMatch(/^UPSTREAM_(ERROR|UNREACHABLE)$|^CAP_EXCEEDED$/);
      const { spent } = await scene.settled();
      expect(scene.requests.length).toBeGreaterThanOrEqual(served);
      expect(scene.requests.length).toBeLessThanOrEqual(seen.length);
      expect(scene.requests.length * 7).toBeLessThanOrEqual(Number(spent));
    },
  );

  it.concurrent.each(ALL_VOICES)('is closed by the other side while it is idle: the next call has another one ($name)', async (voice) => {
    const scene = await stage.scene(voice);
    scene.script = ({ socket }) => void socket.write(good(voice));
    expect((await scene.ask()).status).toBe(200);
    scene.requests[0]?.socket.end();
    await sleep(100);
    expect((await scene.ask()).status).toBe(200);
    expect([sockets(scene), await scene.booked()]).toEqual([2, ['metered 7', 'metered 7']]);
  });

  it.concurrent('is not used any more after its idle time', async () => {
    const scenes = await Promise.all(ALL_VOICES.map((voice) => stage.scene(voice)));
    for (const scene of scenes) scene.script = ({ socket }) => void socket.write(good(scene.voice));
    const all = () => Promise.all(scenes.map(async (scene) => (await scene.ask()).status));
    expect(await all()).toEqual([200, 200, 200, 200]);
    await sleep(IDLE_MS);
    expect(await all()).toEqual([200, 200, 200, 200]);
    expect(scenes.map(sockets)).toEqual([2, 2, 2, 2]);
  });

  it.concurrent.each(ALL_VOICES)('is reset while the next request is read: that gets no second try ($name)', async (voice) => {
    const scene = await stage.scene(voice);
    scene.script = ({ socket, number }) => void (number === 1 ? socket.write(good(voice)) : socket.resetAndDestroy());
    expect((await scene.ask()).status).toBe(200);
    expect(await scene.ask()).toMatchObject({ status: 502, code: 'UPSTREAM_ERROR' });
    expect(await scene.booked()).toEqual(['metered 7', `burned ${HELD}`]);
    await sleep(150);
    expect(scene.requests).toHaveLength(2);
  });

  it.concurrent.each(ALL_VOICES)('brings a second answer: it is nobody’s, and the socket is given up ($name)', async (voice) => {
    const scene = await stage.scene(voice);
    scene.script = ({ socket, number }) => {
      socket.write(number === 1 ? good(voice, 'first') + good(voice, 'smuggled') : good(voice, 'second'));
    };
    expect((await scene.ask()).text).toContain('first');
    const second = await scene.ask();
    expect(second).toMatchObject({ status: 200 });
    expect(second.text).toContain('second');
    expect(sockets(scene)).toBe(2);
  });

  it.concurrent.each(ALL_VOICES)('says that it closes: no request follows on it ($name)', async (voice) => {
    const scene = await stage.scene(voice);
    scene.script = ({ socket }) => void socket.end(good(voice).replace('\r\n\r\n', '\r\nconnection: close\r\n\r\n'));
    for (let n = 0; n < 3; n += 1) expect((await scene.ask()).status).toBe(200);
    expect(sockets(scene)).toBe(3);
  });
});

describe('an answer', () => {
  it('that comes before the request’s body was sent is one, and the socket is not used again', async () => {
    const upstream = await rawUpstream();
    let early = 0;
    upstream.onPart((soFar, socket) => {
      if (early > 0 || !soFar.includes('\r\n\r\n')) return;
      early += 1;
      socket.end(good(ALL_VOICES[0] as Voice));
    });
    const models = { raw: { window: 1_000_000, maxOutput: 512, tokenizer: 'unknown', endpoints: ['chat'] } };
    const source = { provider: 'openai-compatible', base_url: upstream.url, api_key: 'sk-early', cap: 90_000_000, models };
    const id = await addSource(stage.daemon, source);
    const { key } = await addKey(stage.daemon, { sources: [id] });
    const seen = await call(stage.daemon.url, key, { model: 'raw', max: 20, content: 'x'.repeat(400_000) });
    expect(early).toBe(1);
    expect([200, 502]).toContain(seen.status);
    expect(Number((await settledSource(stage.daemon, id)).spent)).toBe(seen.status === 200 ? 7 : 1_000_000);
    expect(upstream.requests.length).toBeLessThanOrEqual(1);
    await upstream.close();
  });
});

describe('the number of requests on the wire', () => {
  it.concurrent.each(ALL_VOICES)(
    'is never more than that of the holds, however the upstream ends its connections ($name)',
    async (voice) => {
      const scene = await stage.scene(voice);
      scene.script = ({ socket, number }) => {
        if (number % 3 === 0) socket.resetAndDestroy();
        else if (number % 3 === 1) socket.end(good(voice));
        else socket.write(good(voice));
      };
      const seen = await Promise.all(Array.from({ length: 30 }, () => scene.ask()));
      await scene.settled();
      const placed = seen.filter(({ receipt }) => receipt !== null).length;
      expect(scene.holds()).toHaveLength(placed);
      expect(scene.requests.length).toBeLessThanOrEqual(placed);
      expect(scene.requests.length).toBeGreaterThan(0);
    },
  );
});
