import { type Ask, abandon, call, type Fate } from './caller.ts';
import type { Lot, LotWay } from './gateway.ts';

export const SCENARIOS = ['calm', 'race', 'abort', 'emit', 'dense', 'crash'] as const;
export type Scenario = (typeof SCENARIOS)[number];

export const ABOUT: Readonly<Record<Scenario, string>> = {
  calm: 'nothing goes wrong: small calls, one after the other, until one is refused',
  race: '16 callers at once, with room for one',
  abort: 'streams whose callers hang up at the first words, two at once, again and again',
  emit: 'a call whose answer is longer than what is left, without max_tokens and with',
  dense: '6 callers at once with room for two, their prompts in words of one letter',
  crash: 'kill -9 with calls in flight, a start, then calls until one is refused',
};

/** One lot at one gateway, while something goes wrong. */
export type Scene = {
  readonly lot: Lot;
  way(): LotWay;
  /** Waits until the upstream generates nothing for this lot, and then for what the gateway does afterwards. */
  quiet(): Promise<void>;
  /** Waits until the upstream generates so many answers for this lot, or nothing more comes. */
  busy(answers: number): Promise<void>;
  crash(): Promise<void>;
};

/** More than half of the limit: there is room for one. */
const LARGE: Ask = { inputTokens: 20, write: 1900, outputMax: 1900, isStream: false, word: 'tally' };
const RACERS = 16;

const ABANDONED: Ask = { inputTokens: 20, write: 400, outputMax: 400, isStream: true, word: 'tally' };
const ABANDONED_AT_ONCE = 2;
const WAVES_MAX = 8;
/** A wave that is refused as a whole may only have come too early. */
const WAVES_REFUSED_MAX = 2;

/** The model has more to say than is left of the limit. */
const ENDLESS: Ask = { inputTokens: 20, write: 3000, outputMax: null, isStream: false, word: 'tally' };

/** Most of its cost is the prompt, in words of one letter: an estimate by length expects half of it. There is room for two. */
const DENSE: Ask = { inputTokens: 1000, write: 50, outputMax: 50, isStream: false, word: 'a' };
const DENSE_AT_ONCE = 6;

/** As callers do, it asks for more than it needs. */
const ORDINARY: Ask = { inputTokens: 20, write: 200, outputMax: 400, isStream: false, word: 'tally' };
const LOAD = 3;
/** More than the limit pays for. */
const ORDINARY_MAX = 20;

const ACTS: Readonly<Record<Scenario, (scene: Scene) => Promise<void>>> = {
  calm: () => Promise.resolve(),
  race: (scene) => rush(scene, RACERS, LARGE),
  abort,
  emit,
  dense: (scene) => rush(scene, DENSE_AT_ONCE, DENSE),
  crash,
};

export function act(scene: Scene): Promise<void> {
  return ACTS[scene.lot.scenario](scene);
}

async function rush({ way }: Scene, callers: number, ask: Ask): Promise<void> {
  await atOnce(callers, () => call(way(), ask));
}

async function abort(scene: Scene): Promise<void> {
  let refused = 0;
  for (let wave = 0; wave < WAVES_MAX && refused < WAVES_REFUSED_MAX; wave += 1) {
    const fates = await atOnce(ABANDONED_AT_ONCE, () => abandon(scene.way(), ABANDONED));
    await scene.quiet();
    if (fates.every(({ is }) => is === 'refused')) refused += 1;
  }
}

async function emit(scene: Scene): Promise<void> {
  for (const ask of [LARGE, ENDLESS, { ...ENDLESS, outputMax: ENDLESS.write }]) {
    await call(scene.way(), ask);
    await scene.quiet();
  }
}

/** A load is served, the next is in flight when the gateway dies; then its callers go on until they are refused. */
async function crash(scene: Scene): Promise<void> {
  const load = () => atOnce(LOAD, (number) => call(scene.way(), { ...ORDINARY, isStream: number % 2 === 1 }));
  await load();
  await scene.quiet();
  const dying = load();
  await scene.busy(LOAD);
  await scene.crash();
  await dying;
  for (let number = 0; number < ORDINARY_MAX; number += 1) {
    const { is } = await call(scene.way(), ORDINARY);
    if (is !== 'served') return;
  }
}

function atOnce(count: number, one: (number: number) => Promise<Fate>): Promise<Fate[]> {
  return Promise.all(Array.from({ length: count }, (_, number) => one(number)));
}
