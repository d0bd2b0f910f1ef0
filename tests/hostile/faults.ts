import { expect, it } from 'vitest';
import { chunk, STREAM_END, STREAM_HEAD, whole } from '../support/raw-upstream.ts';
import { HELD, type Scene, type Script, type Stage } from '../support/stage.ts';
import { ALL_VOICES, stream as streamOf, type Voice, type VoiceName } from '../support/voices.ts';

/**
 * How a call ends, in one line: what the caller is told, and how it is booked. `200 → metered 7`, `502 UPSTREAM_ERROR → burned`. A call
 * that is burned or charged at its bound costs the whole hold, a released one nothing; `, frozen` is what becomes of the source.
 */
export type Ending = string;

type Endings = { readonly json?: Ending | null; readonly stream?: Ending | null };

/** Something that an upstream does wrong (or seems to), and what comes of it where JSON or a stream was asked for; left out: it does not apply. */
export type Fault = Endings & {
  readonly plays: (voice: Voice, stream: boolean) => Script;
  /** Where a dialect ends otherwise than the others; null: it has no such fault. */
  readonly but?: Partial<Readonly<Record<VoiceName, Endings>>>;
};

export type Faults = Readonly<Record<string, Fault>>;

export const TEXT = 'hi there you';

/** The bytes of an answer, as they are; a string is written as UTF-8. */
export const bytes =
  (make: (voice: Voice, stream: boolean) => string | Buffer) =>
  (voice: Voice, stream: boolean): Script =>
  ({ socket }) =>
    void socket.write(make(voice, stream));

/** Frames of a stream, whole. */
export const frames = (make: (voice: Voice) => string) => bytes((voice) => streamed(make(voice)));

/** A body in place of any answer, whatever was asked for. */
export const body = (make: (voice: Voice) => string, headers = '') => bytes((voice) => whole(make(voice), headers));

/** A good answer, but for its report. */
export const reporting = (usage: (voice: Voice) => unknown) =>
  bytes((voice, stream) => (stream ? streamed(streamOf(voice, TEXT, usage(voice))) : whole(voice.json(TEXT, usage(voice)))));

/** A good answer of 7 tokens, in the form that was asked for. */
export function answer(voice: Voice, stream: boolean): string {
  return stream ? streamed(streamOf(voice, TEXT, voice.usage(4, 3))) : whole(voice.json(TEXT, voice.usage(4, 3)));
}

export function streamed(text: string): string {
  return STREAM_HEAD + (text === '' ? '' : chunk(text)) + STREAM_END;
}

/**
 * One test for each fault: every dialect, JSON and stream. Where `isShared`, the source is one for each dialect; else, for what breaks
 * connections or freezes sources, each call has one of its own.
 */
export function itEnds(stage: () => Stage, faults: Faults, isShared = false): void {
  const scenes = new Map<VoiceName, Promise<Scene>>();
  const sceneOf = (voice: Voice): Promise<Scene> => {
    if (!isShared) return stage().scene(voice);
    const known = scenes.get(voice.name) ?? stage().scene(voice);
    scenes.set(voice.name, known);
    return known;
  };
  it.concurrent.each(Object.entries(faults))('%s', async (_, fault) => {
    const cases = ALL_VOICES.flatMap((voice) => [caseOf(fault, voice, false), caseOf(fault, voice, true)]).filter((each) => each !== null);
    const ended = cases.map(async ({ name, voice, stream }) => {
      const scene = await sceneOf(voice);
      return [name, await endingOf(stage(), scene, fault.plays(voice, stream), stream)];
    });
    const expected = cases.map(({ name, ending }) => [name, ending]);
    expect(Object.fromEntries(await Promise.all(ended))).toEqual(Object.fromEntries(expected));
  });
}

type Case = { readonly name: string; readonly voice: Voice; readonly stream: boolean; readonly ending: Ending };

function caseOf(fault: Fault, voice: Voice, stream: boolean): Case | null {
  const form = stream ? 'stream' : 'json';
  const own = fault.but?.[voice.name]?.[form];
  const ending = own === undefined ? fault[form] : own;
  return ending === undefined || ending === null ? null : { name: `${voice.name} ${form}`, voice, stream, ending };
}

async function endingOf(stage: Stage, scene: Scene, script: Script, stream: boolean): Promise<Ending> {
  const { seen, requests } = await scene.plays(script, { stream });
  const booked = await scene.bookedOne(seen);
  const { state } = stage.account(scene.id);
  // It is told whole, in the caller's dialect, whether to try again is said, and neither the key nor an end of it is ever shown.
  expect(seen.died).toBe(false);
  expect(seen.text).not.toMatch(/sk-raw|456789/);
  if (seen.status >= 400) expect(seen.headers.has('retry-after')).not.toBe(seen.headers.has('x-should-retry'));
  // One attempt, at most one request; that each hold has a request at most, and the source pays what the receipts say, is looked at after each.
  expect(seen.headers.has('x-tally-attempts')).toBe(false);
  expect(requests).toBeLessThanOrEqual(1);
  if (state === 'active' && scene.voice.name === 'chat') {
    // Whatever came: the next one is served.
    expect((await scene.plays(bytes(answer)(scene.voice, false), {})).seen).toMatchObject({ status: 200, code: null });
  }
  const plain = [`bound ${HELD}`, `burned ${HELD}`, 'released 0'].includes(booked) ? booked.split(' ')[0] : booked;
  return `${seen.status}${seen.code === null ? '' : ` ${seen.code}`} → ${plain}${state === 'active' ? '' : `, ${state}`}`;
}
