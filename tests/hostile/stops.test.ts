import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../support/calling.ts';
import { STREAM_END, whole } from '../support/raw-upstream.ts';
import { HELD, type Scene, type Script, type Seen, Stage } from '../support/stage.ts';
import { ALL_VOICES, type Voice } from '../support/voices.ts';
import { answer, streamed, TEXT } from './faults.ts';

const GRACE_MS = 600;
let stage: Stage;

const begun = (v: Voice) => streamed(v.open() + v.text(TEXT)).slice(0, -STREAM_END.length);
const refusal = (v: Voice) => whole(v.errorBody('x'), 'retry-after-ms: 4000\r\n').replace('200 OK', '429 No');
const silent: Script = () => {};

/** A call that is in one state of its life, and stays in it. */
type Moment = { readonly name: string; readonly scene: Scene; readonly asked: Promise<Seen> };

/** Where a call can be when its daemon ends. */
const MOMENTS: Readonly<Record<string, (voice: Voice) => Promise<Moment | null>>> = {
  'before the first byte': async (voice) => {
    const scene = await stage.scene(voice);
    scene.script = silent;
    const asked = scene.ask();
    await scene.arrived(1);
    return { name: '', scene, asked };
  },
  'in mid-stream': async (voice) => {
    const scene = await stage.scene(voice);
    scene.script = ({ socket }) => void socket.write(begun(voice));
    let come = () => {};
    const first = new Promise<void>((resolve) => {
      come = resolve;
    });
    const asked = scene.ask({ stream: true, onPart: () => come() });
    await first;
    return { name: '', scene, asked };
  },
  'in a wait before it is tried again': async (voice) => {
    const scene = await stage.scene(voice, { provider: 'sandbox' });
    scene.script = ({ socket }) => void socket.write(refusal(voice));
    const asked = scene.ask();
    await eventually('the first attempt is released', async () => scene.holds()[0]?.state === 'released');
    return { name: '', scene, asked };
  },
  'while its input is counted': async (voice) => {
    if (voice.name !== 'messages' && voice.name !== 'generate') return null;
    const scene = await stage.scene(voice, { provider: 'sandbox', model: 'sandbox-closed', cap: 20_000, consent: true });
    scene.script = silent;
    const asked = scene.ask();
    await scene.arrived(1);
    return { name: '', scene, asked };
  },
  // Last, since its hold is given up after two seconds of its own.
  'waiting for a connection': async (voice) => {
    const scene = await stage.scene(voice);
    scene.script = silent;
    void scene.ask();
    await scene.arrived(1);
    const asked = scene.ask();
    await eventually('two holds', async () => scene.holds().length === 2);
    return { name: '', scene, asked };
  },
};

/** Brings one call of each dialect to each moment. */
async function moments(): Promise<readonly Moment[]> {
  const all: Moment[] = [];
  for (const [name, begin] of Object.entries(MOMENTS)) {
    const some = await Promise.all(ALL_VOICES.map(begin));
    all.push(...some.filter((each) => each !== null).map((each) => ({ ...each, name })));
  }
  return all;
}

/** What each caller was told and how its calls were booked, by moment; the same for every dialect. */
async function endings(all: readonly Moment[]): Promise<Readonly<Record<string, unknown>>> {
  const ends = new Map<string, string[]>();
  for (const { name, scene, asked } of all) {
    const { status, code, died } = await asked;
    const end = `${died ? 'cut off' : `${status} ${code}`} → ${(await scene.booked()).join(', ')}; ${scene.requests.length} sent`;
    ends.set(name, [...(ends.get(name) ?? []), end]);
  }
  return Object.fromEntries([...ends].map(([name, each]) => [name, [...new Set(each)].join(' | ')]));
}

const open = async () => {
  stage = await Stage.open({ TALLY_SHUTDOWN_MS: String(GRACE_MS), TALLY_UPSTREAM_CONNECTIONS_MAX: '1' });
};

afterEach(async () => {
  stage.expectHoldsForAll();
  await stage.close();
});

describe('a daemon that is', () => {
  it('asked to end tells every caller, sends nothing more, and spends only what was sent', async () => {
    await open();
    const all = await moments();
    const from = performance.now();
    expect(await stage.restart('SIGTERM')).toBe(0);
    expect(performance.now() - from).toBeLessThan(GRACE_MS + 6_000);
    expect(await endings(all)).toEqual({
      'before the first byte': `503 SHUTTING_DOWN → burned ${HELD}; 1 sent`,
      'in mid-stream': `200 SHUTTING_DOWN → burned ${HELD}; 1 sent`,
      'in a wait before it is tried again': '503 SHUTTING_DOWN → released 0; 1 sent',
      'while its input is counted': '503 SHUTTING_DOWN → released 0; 1 sent',
      'waiting for a connection': `503 SHUTTING_DOWN → burned ${HELD}, released 0; 1 sent`,
    });
  });

  it('killed spends what was open, and nothing that was not', async () => {
    await open();
    const all = await moments();
    expect(await stage.restart('SIGKILL')).toBe(null);
    expect(await endings(all)).toEqual({
      'before the first byte': `cut off → burned ${HELD}; 1 sent`,
      'in mid-stream': `cut off → burned ${HELD}; 1 sent`,
      'in a wait before it is tried again': 'cut off → released 0; 1 sent',
      'while its input is counted': 'cut off → burned 0; 1 sent',
      // Whether it was sent is not in the books, so it may have been.
      'waiting for a connection': `cut off → burned ${HELD}, burned ${HELD}; 1 sent`,
    });
  });

  it('asked to end lets those end that can: a wait, a count and a stream go on within its grace', async () => {
    stage = await Stage.open({ TALLY_SHUTDOWN_MS: '8000' });
    const scenes = await Promise.all(
      ALL_VOICES.map(async (voice) => {
        const isCounted = voice.name === 'messages' || voice.name === 'generate';
        const more = isCounted ? { model: 'sandbox-closed', cap: 20_000, consent: true } : {};
        const scene = await stage.scene(voice, { provider: 'sandbox', ...more });
        const count = whole(JSON.stringify({ input_tokens: 9, totalTokens: 9 }));
        const wait = whole(voice.errorBody('x'), 'retry-after-ms: 300\r\n').replace('200 OK', '429 No');
        const answers = [...(isCounted ? [count] : []), wait, answer(voice, true)];
        scene.script = ({ socket, number }) => void setTimeout(() => socket.write(answers[number - 1] ?? ''), 200);
        return scene;
      }),
    );
    const asked = scenes.map((scene) => scene.ask({ stream: true }));
    await Promise.all(scenes.map((scene) => scene.arrived(1)));
    expect(await stage.restart('SIGTERM')).toBe(0);
    for (const seen of await Promise.all(asked)) expect(seen).toMatchObject({ status: 200, code: null, died: false });
    const booked = await Promise.all(scenes.map((scene) => scene.booked()));
    const [uncounted, counted] = [
      ['released 0', 'metered 7'],
      ['released 0', 'released 0', 'metered 7'],
    ];
    expect(booked).toEqual([uncounted, uncounted, counted, counted]);
  });
});
