import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { addKey, eventually } from '../support/calling.ts';
import { whole } from '../support/raw-upstream.ts';
import { type Ask, HELD, type Scene, type SceneOptions, type Script, type Seen, Stage } from '../support/stage.ts';
import { ALL_VOICES, VOICES, type Voice } from '../support/voices.ts';
import { answer } from './faults.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open();
});

afterEach(() => stage.expectHoldsForAll());
afterAll(() => stage?.close());

const MARK = { 'idempotency-key': 'order-7' };
const send =
  (bytes: string): Script =>
  ({ socket }) =>
    void socket.write(bytes);
const refusal = (voice: Voice, status: number, headers = '') => whole(voice.errorBody('x'), headers).replace('200 OK', `${status} No`);
const counted = (tokens: number) => whole(JSON.stringify({ input_tokens: tokens, totalTokens: tokens }));
const COUNTED: SceneOptions = { provider: 'sandbox', model: 'sandbox-closed', cap: 20_000, consent: true };

async function played(voice: Voice, scripts: readonly Script[], options: SceneOptions = {}): Promise<Scene> {
  const scene = await stage.scene(voice, options);
  scene.script = (request) => scripts[Math.min(request.number, scripts.length) - 1]?.(request);
  return scene;
}

const ask = (scene: Scene, more: Ask = {}): Promise<Seen> => scene.ask({ ...more, headers: { ...MARK, ...more.headers } });

/** The same once more: what it is told, and that nothing was sent for it. */
async function again(scene: Scene): Promise<string> {
  const sent = scene.requests.length;
  const { status, code, text, headers } = await ask(scene);
  expect(scene.requests).toHaveLength(sent);
  expect(headers.get('x-should-retry')).toBe(code === 'IN_FLIGHT' ? null : 'false');
  const receipt = /\b[0-9a-f]{32}\b/.exec(text)?.[0];
  const named = scene.holds().at(-1)?.receipt_id;
  return `${status} ${code}${receipt === undefined ? '' : receipt === named ? ', naming its receipt' : ', naming another'}`;
}

describe('a call with an idempotency key that was', () => {
  it.concurrent.each(ALL_VOICES)('served is not sent again ($name)', async (voice) => {
    const scene = await played(voice, [send(answer(voice, false))]);
    expect(await ask(scene)).toMatchObject({ status: 200 });
    await scene.settled();
    expect(await again(scene)).toBe('409 ALREADY_SERVED, naming its receipt');
    expect(await scene.booked()).toEqual(['metered 7']);
  });

  it.concurrent.each(ALL_VOICES)('served as a stream is not sent again ($name)', async (voice) => {
    const scene = await played(voice, [send(answer(voice, true))]);
    expect(await ask(scene, { stream: true })).toMatchObject({ status: 200 });
    await scene.settled();
    expect(await ask(scene, { stream: true })).toMatchObject({ status: 409, code: 'ALREADY_SERVED' });
    expect(scene.requests).toHaveLength(1);
  });

  it.concurrent.each(ALL_VOICES)('answered without a report is settled all the same ($name)', async (voice) => {
    const scene = await played(voice, [send(whole(voice.json('hi')))]);
    await ask(scene);
    expect(await scene.booked()).toEqual([`bound ${HELD}`]);
    expect(await again(scene)).toBe('409 ALREADY_SERVED, naming its receipt');
  });

  it.concurrent.each(ALL_VOICES)('lost has an outcome that nobody knows ($name)', async (voice) => {
    const scene = await played(voice, [({ socket }) => void socket.resetAndDestroy()]);
    expect(await ask(scene)).toMatchObject({ status: 502 });
    await scene.settled();
    expect(await again(scene)).toBe('409 OUTCOME_UNKNOWN, naming its receipt');
  });

  it.concurrent.each(ALL_VOICES)('refused at no cost is not sent again either ($name)', async (voice) => {
    const scene = await played(voice, [send(refusal(voice, 400))], { provider: 'sandbox' });
    expect(await ask(scene)).toMatchObject({ status: 400 });
    expect(await scene.booked()).toEqual(['released 0']);
    expect(await again(scene)).toBe('409 OUTCOME_UNKNOWN, naming its receipt');
  });

  it.concurrent.each(ALL_VOICES)('never placed for want of room leaves its key free ($name)', async (voice) => {
    const scene = await played(voice, [send(answer(voice, false))], { provider: 'sandbox', cap: HELD });
    expect(await ask(scene, { model: 'none' })).toMatchObject({ status: 404 });
    expect(await ask(scene)).toMatchObject({ status: 200 });
    await scene.settled();
    expect(await scene.ask({ headers: { 'idempotency-key': 'other' } })).toMatchObject({ status: 402, code: 'CAP_EXCEEDED' });
    expect(await again(scene)).toBe('409 ALREADY_SERVED, naming its receipt');
  });

  it.concurrent.each(ALL_VOICES)('another is refused, whatever became of the first ($name)', async (voice) => {
    const scene = await played(voice, [send(answer(voice, false))]);
    await ask(scene);
    await scene.settled();
    expect(await ask(scene, { content: 'another' })).toMatchObject({ status: 422, code: 'IDEMPOTENCY_MISMATCH' });
    expect(scene.requests).toHaveLength(1);
  });

  it.concurrent.each(ALL_VOICES)('begun is in flight until it ends; of twenty at once one is sent ($name)', async (voice) => {
    let play = () => {};
    const scene = await played(voice, [
      ({ socket }) => {
        play = () => void socket.write(answer(voice, false));
      },
    ]);
    const told: string[] = [];
    const all = Array.from({ length: 20 }, async () => {
      const { status, code } = await ask(scene);
      told.push(`${status} ${code}`);
    });
    await scene.arrived(1);
    await eventually('nineteen are told', async () => told.length === 19);
    play();
    await Promise.all(all);
    expect(told).toEqual([...Array(19).fill('409 IN_FLIGHT'), '200 null']);
    expect(await scene.booked()).toEqual(['metered 7']);
    expect(scene.requests).toHaveLength(1);
  });
});

describe('under one idempotency key', () => {
  it.concurrent.each(ALL_VOICES)('a call that is tried again serves once ($name)', async (voice) => {
    const busy = send(refusal(voice, 429, 'retry-after-ms: 20\r\n'));
    const scene = await played(voice, [busy, busy, send(answer(voice, false))], { provider: 'sandbox' });
    expect(await ask(scene)).toMatchObject({ status: 200 });
    expect(await scene.booked()).toEqual(['released 0', 'released 0', 'metered 7']);
    expect(await again(scene)).toBe('409 ALREADY_SERVED, naming its receipt');
  });

  it.concurrent('a call that goes to another source serves once', async () => {
    const voice = VOICES.messages;
    const first = await played(voice, [send(refusal(voice, 401))], { provider: 'sandbox' });
    const second = await played(voice, [send(answer(voice, false))], { provider: 'sandbox' });
    const key = await stage.keyFor(first, second);
    const call = () => stage.call({ voice, model: 'raw', key }, { headers: MARK });
    expect(await call()).toMatchObject({ status: 200 });
    await second.settled();
    expect(await call()).toMatchObject({ status: 409, code: 'ALREADY_SERVED' });
    expect([first.requests.length, second.requests.length]).toEqual([1, 1]);
  });

  it.concurrent.each([VOICES.messages, VOICES.generate])('a call whose input is counted first serves once ($name)', async (voice) => {
    const scene = await played(voice, [send(counted(9)), send(answer(voice, false))], COUNTED);
    expect(await ask(scene)).toMatchObject({ status: 200, code: null });
    expect(await scene.booked()).toEqual(['released 0', 'metered 7']);
    expect(await again(scene)).toBe('409 ALREADY_SERVED, naming its receipt');
  });

  it.concurrent.each(ALL_VOICES)('nobody comes between two attempts ($name)', async (voice) => {
    const scene = await played(voice, [send(refusal(voice, 429, 'retry-after-ms: 500\r\n')), send(answer(voice, false))], {
      provider: 'sandbox',
    });
    const first = ask(scene);
    await eventually('the first attempt is released', async () => scene.holds()[0]?.state === 'released');
    // The books know of no wait: what they have of the call so far is an attempt that ended. That it goes on, the gateway knows.
    expect(await again(scene)).toBe('409 IN_FLIGHT');
    expect(await ask(scene, { content: 'another' })).toMatchObject({ status: 422, code: 'IDEMPOTENCY_MISMATCH' });
    expect(await first).toMatchObject({ status: 200 });
    expect(scene.requests).toHaveLength(2);
    await scene.settled();
    expect(await again(scene)).toBe('409 ALREADY_SERVED, naming its receipt');
  });
});

describe('an idempotency key is', () => {
  it.concurrent('its virtual key’s own', async () => {
    const scene = await played(VOICES.chat, [send(answer(VOICES.chat, false))]);
    expect(await ask(scene)).toMatchObject({ status: 200 });
    const other = (await addKey(stage.daemon, { sources: [scene.id] })).key;
    expect(await stage.call({ voice: VOICES.chat, model: 'raw', key: other }, { headers: MARK })).toMatchObject({ status: 200 });
    expect(scene.requests).toHaveLength(2);
  });

  it.concurrent('its route’s own: every route of one key is served once with it', async () => {
    const scene = await stage.scene(VOICES.chat, { provider: 'sandbox', model: 'sandbox-small', cap: 500_000 });
    scene.script = ({ socket, head }) => {
      const voice = ALL_VOICES.find(({ name }) => head.includes(name === 'generate' ? 'enerateContent' : `/${name}`)) as Voice;
      socket.write(answer(voice, head.includes('streamGenerate')));
    };
    for (const voice of ALL_VOICES) {
      const call = (stream: boolean) => stage.call({ voice, model: 'sandbox-small', key: scene.key }, { headers: MARK, stream });
      expect(await call(false)).toMatchObject({ status: 200, code: null });
      await scene.settled();
      expect((await call(false)).code).toBe('ALREADY_SERVED');
    }
    const { generate } = VOICES;
    expect(await stage.call({ voice: generate, model: 'sandbox-small', key: scene.key }, { headers: MARK, stream: true })).toMatchObject({
      status: 200,
    });
    expect(scene.requests).toHaveLength(5);
  });

  it.concurrent.each(['', ' ', 'a b', 'ü', 'x'.repeat(256)])('refused by name where it is none (%j)', async (key) => {
    const scene = await played(VOICES.generate, [send(answer(VOICES.generate, false))]);
    const seen = await scene.ask({ headers: { 'idempotency-key': key } }).catch(() => null);
    if (seen !== null && seen.status !== 0) expect([seen.status, seen.code]).toEqual([400, 'INPUT_INVALID']);
    expect(scene.requests).toHaveLength(0);
  });
});

describe('after the daemon was killed', () => {
  it('every key is known: what was served, what was lost, what was under way, what waited', async () => {
    const wait = { provider: 'sandbox' };
    const scenes = await Promise.all(
      ALL_VOICES.map(async (voice) => ({
        served: await played(voice, [send(answer(voice, false))]),
        lost: await played(voice, [({ socket }) => void socket.resetAndDestroy()]),
        underWay: await played(voice, [() => {}]),
        waits: await played(voice, [send(refusal(voice, 429, 'retry-after-ms: 4000\r\n'))], wait),
      })),
    );
    await Promise.all(scenes.flatMap(({ served, lost }) => [ask(served), ask(lost)]));
    await Promise.all(scenes.flatMap(({ served, lost }) => [served.settled(), lost.settled()]));
    const cut = scenes.flatMap(({ underWay, waits }) => [ask(underWay), ask(waits)]);
    await Promise.all(scenes.map(({ underWay }) => underWay.arrived(1)));
    await Promise.all(scenes.map(({ waits }) => eventually('a wait', async () => waits.holds()[0]?.state === 'released')));
    await stage.restart('SIGKILL');
    for (const { died } of await Promise.all(cut)) expect(died).toBe(true);
    for (const { served, lost, underWay, waits } of scenes) {
      expect(await again(served)).toBe('409 ALREADY_SERVED, naming its receipt');
      expect(await again(lost)).toBe('409 OUTCOME_UNKNOWN, naming its receipt');
      expect(await again(underWay)).toBe('409 OUTCOME_UNKNOWN, naming its receipt');
      expect(await again(waits)).toBe('409 OUTCOME_UNKNOWN, naming its receipt');
      expect(await ask(served, { content: 'another' })).toMatchObject({ status: 422, code: 'IDEMPOTENCY_MISMATCH' });
      expect([await underWay.booked(), await waits.booked()]).toEqual([[`burned ${HELD}`], ['released 0']]);
    }
  });
});
