import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/calling.ts';
import { STREAM_END, whole } from '../support/raw-upstream.ts';
import { HELD, type Scene, Stage } from '../support/stage.ts';
import { ALL_VOICES, VOICES, type Voice } from '../support/voices.ts';
import { answer, streamed, TEXT } from './faults.ts';

let stage: Stage;

beforeAll(async () => {
  // One connection for each source: a second call waits for the first.
  stage = await Stage.open({ TALLY_UPSTREAM_CONNECTIONS_MAX: '1' });
});

afterEach(() => stage.expectHoldsForAll());
afterAll(() => stage?.close());

const begun = (v: Voice) => streamed(v.open() + v.text(TEXT)).slice(0, -STREAM_END.length);
const rest = (v: Voice) => streamed(v.stop(v.usage(4, 3)) + v.end).replace(/^.*?\r\n\r\n/s, '');
const forms = ALL_VOICES.flatMap((voice) => [false, true].map((stream) => ({ name: `${voice.name}, stream: ${stream}`, voice, stream })));

/** Plays an answer only when it is told to. */
function waiting(scene: Scene, bytes: string): () => void {
  let play = () => {};
  scene.script = ({ socket }) => {
    play = () => void socket.write(bytes);
  };
  return () => play();
}

const last = (scene: Scene) => scene.holds().at(-1);

describe('a caller that goes', () => {
  it.concurrent.each(forms)('before the first byte: the call is metered to its end ($name)', async ({ voice, stream }) => {
    const scene = await stage.scene(voice);
    const play = waiting(scene, answer(voice, stream));
    const caller = new AbortController();
    const asked = scene.ask({ stream, signal: caller.signal });
    await scene.arrived(1);
    caller.abort();
    expect(await asked).toMatchObject({ died: true });
    await sleep(50);
    expect(last(scene)).toMatchObject({ state: 'open', held: HELD });
    play();
    expect(await scene.booked()).toEqual(['metered 7']);
    expect(last(scene)?.detail).toMatchObject({ complete: false, delivered_bytes: 0 });
  });

  it.concurrent.each(ALL_VOICES)('in mid-stream: the same, and the receipt says that it was not all delivered ($name)', async (voice) => {
    const scene = await stage.scene(voice);
    const caller = new AbortController();
    let finish = () => {};
    scene.script = ({ socket }) => {
      socket.write(begun(voice));
      finish = () => socket.write(rest(voice));
    };
    const seen = await scene.ask({ stream: true, signal: caller.signal, onPart: () => caller.abort() });
    expect(seen).toMatchObject({ status: 200, died: true });
    expect(seen.text).toContain(TEXT);
    await sleep(50);
    finish();
    expect(await scene.booked()).toEqual(['metered 7']);
    expect(last(scene)?.detail).toMatchObject({ complete: false });
  });

  it.concurrent.each(ALL_VOICES)('in mid-stream, before the upstream cuts it: the hold is spent ($name)', async (voice) => {
    const scene = await stage.scene(voice);
    const caller = new AbortController();
    let cut = () => {};
    scene.script = ({ socket }) => {
      socket.write(begun(voice));
      cut = () => socket.resetAndDestroy();
    };
    await scene.ask({ stream: true, signal: caller.signal, onPart: () => caller.abort() });
    await sleep(50);
    cut();
    expect(await scene.booked()).toEqual([`burned ${HELD}`]);
    expect(scene.requests).toHaveLength(1);
  });

  it.concurrent.each(forms)('after the end: nothing is different ($name)', async ({ voice, stream }) => {
    const scene = await stage.scene(voice);
    scene.script = ({ socket }) => void socket.write(answer(voice, stream));
    const caller = new AbortController();
    expect(await scene.ask({ stream, signal: caller.signal })).toMatchObject({ status: 200, code: null, died: false });
    caller.abort();
    expect(await scene.booked()).toEqual(['metered 7']);
    expect(last(scene)?.detail).toMatchObject({ complete: true });
  });

  it.concurrent.each(forms)(
    'while the call waits for a connection: it is not sent, and costs nothing ($name)',
    async ({ voice, stream }) => {
      const scene = await stage.scene(voice);
      const play = waiting(scene, answer(voice, false));
      const first = scene.ask();
      await scene.arrived(1);
      const caller = new AbortController();
      const second = scene.ask({ stream, signal: caller.signal });
      await eventually('two holds', async () => scene.holds().length === 2);
      caller.abort();
      expect(await second).toMatchObject({ died: true });
      play();
      expect(await first).toMatchObject({ status: 200 });
      expect(await scene.booked()).toEqual(['metered 7', 'released 0']);
      await sleep(100);
      expect(scene.requests).toHaveLength(1);
    },
  );

  it.concurrent.each(forms)('while the call waits to be tried again: it is not ($name)', async ({ voice, stream }) => {
    const scene = await stage.scene(voice, { provider: 'sandbox' });
    scene.script = ({ socket }) => void socket.write(whole(voice.errorBody('x'), 'retry-after-ms: 600\r\n').replace('200 OK', '429 No'));
    const caller = new AbortController();
    const asked = scene.ask({ stream, signal: caller.signal });
    await eventually('the first attempt is released', async () => last(scene)?.state === 'released');
    caller.abort();
    expect(await asked).toMatchObject({ died: true });
    await sleep(900);
    expect(scene.requests).toHaveLength(1);
    expect(await scene.booked()).toEqual(['released 0']);
  });

  it.concurrent.each([VOICES.messages, VOICES.generate])(
    'while its input is counted: the count is all that was sent ($name)',
    async (voice) => {
      const scene = await stage.scene(voice, { provider: 'sandbox', model: 'sandbox-closed', cap: 20_000, consent: true });
      const play = waiting(scene, whole(JSON.stringify({ input_tokens: 9, totalTokens: 9 })));
      const caller = new AbortController();
      const asked = scene.ask({ signal: caller.signal });
      await scene.arrived(1);
      expect(scene.requests[0]?.head).toMatch(/count_?tokens/i);
      caller.abort();
      expect(await asked).toMatchObject({ died: true });
      await sleep(50);
      play();
      await eventually('the call is given up', async () => scene.holds().every(({ state }) => state === 'released'));
      await sleep(100);
      expect(scene.requests).toHaveLength(1);
      expect(await scene.settled()).toMatchObject({ spent: '0' });
    },
  );
});
