import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask } from '../house/ask.ts';
import { type Ask, call, costOf, type Fate, SMALLEST } from './caller.ts';
import { type Billed, type CountingAsk, type CountingBooks, NOTHING_BILLED } from './counting-asks.ts';
import { type Gateway, LIMIT_TOKENS, type Lot } from './gateway.ts';
import { type Outcome, outcomeOf } from './outcome.ts';
import { act, SCENARIOS, type Scenario, type Scene } from './scenarios.ts';

export type Measured = {
  readonly outcomes: Readonly<Record<Scenario, readonly Outcome[]>>;
  /** Answers that the upstream was generating when the gateway was killed, by round. */
  readonly inFlight: readonly number[];
  /** Its first refusal in its own words; null where it never refused. */
  readonly refusal: string | null;
};

const POLL_MS = 10;
const QUIET_MS_MAX = 20_000;

/** What a gateway writes down after an answer is given time: between two calls, and before what is left is measured. */
export type Patience = { readonly afterwardsMs: number; readonly settleMs: number };

/** Some write their counters once a second. */
export const PATIENCE: Patience = { afterwardsMs: 300, settleMs: 2000 };

/** No answer may ever begin: what is refused is not generated. */
const BUSY_MS_MAX = 2000;

const MEDIUM: Ask = { inputTokens: 2, write: 48, outputMax: 48, isStream: false, word: 'tally' };
/** Who lets through so much beyond its limit, one small call after another, is given time to notice, and then as much again. */
const BEYOND_TOKENS = 60;
const REFUSALS = 3;
const REFUSAL_GAP_MS = 300;

/** Scenarios that mostly wait go through all their rounds at once, on a lot each; a race and a crash have the gateway to themselves. */
const TOGETHER: readonly Scenario[] = ['calm', 'abort', 'emit', 'dense'];

/** Drives one gateway through every scenario. A crash empties a gateway's memory of all lots, so each is measured before the next. */
export async function measure(
  gateway: Gateway,
  upstream: ChildProcess,
  lots: readonly Lot[],
  patience: Patience,
  progress: (text: string) => void,
): Promise<Measured> {
  const turn = new Turn(gateway, upstream, patience);
  const outcomes = new Map<Lot, Outcome>();
  const isCrash = (lot: Lot) => lot.scenario === 'crash';
  for (const played of [lots.filter((lot) => !isCrash(lot)), ...lots.filter(isCrash).map((lot) => [lot])]) {
    for (const scenario of SCENARIOS) {
      const scenes = played.filter((lot) => lot.scenario === scenario).map((lot) => turn.scene(lot));
      if (scenes.length > 0) progress(scenario);
      if (TOGETHER.includes(scenario)) await Promise.all(scenes.map(act));
      else for (const scene of scenes) await act(scene);
    }
    progress('what is left');
    await Promise.all(played.map((lot) => turn.quiet(lot, patience.settleMs)));
    await Promise.all(played.map(async (lot) => outcomes.set(lot, await turn.outcome(lot))));
  }
  const of = (scenario: Scenario) => lots.filter((lot) => lot.scenario === scenario).map((lot) => outcomes.get(lot) as Outcome);
  if (of('calm').some(({ billed }) => billed === 0)) throw new Error(`${gateway.version} refuses everything: ${turn.refusal}`);
  const measured = { calm: of('calm'), race: of('race'), abort: of('abort'), emit: of('emit'), dense: of('dense'), crash: of('crash') };
  return { outcomes: measured, inFlight: turn.inFlight, refusal: turn.refusal };
}

class Turn {
  refusal: string | null = null;
  readonly inFlight: number[] = [];
  readonly #gateway: Gateway;
  readonly #upstream: ChildProcess;
  readonly #patience: Patience;
  #asked: Promise<CountingBooks> = Promise.resolve({});

  constructor(gateway: Gateway, upstream: ChildProcess, patience: Patience) {
    this.#patience = patience;
    this.#gateway = gateway;
    this.#upstream = upstream;
  }

  scene(lot: Lot): Scene {
    return {
      lot,
      way: () => this.#gateway.way(lot),
      quiet: () => this.quiet(lot, this.#patience.afterwardsMs),
      busy: (answers) => this.#until(lot, ({ running }) => running >= answers, BUSY_MS_MAX),
      crash: async () => {
        this.inFlight.push((await this.#billed(lot)).running);
        await this.#gateway.crash();
      },
    };
  }

  async quiet(lot: Lot, afterwardsMs: number): Promise<void> {
    await this.#until(lot, ({ running }) => running === 0, QUIET_MS_MAX);
    await sleep(afterwardsMs);
  }

  /** Uses up what is left of a lot, in calls so small that nothing but the limit can refuse them. */
  async outcome(lot: Lot): Promise<Outcome> {
    const before = await this.#billed(lot);
    const isRefused = await this.#drain(lot, before.tokens);
    await this.quiet(lot, this.#patience.afterwardsMs);
    const { tokens } = await this.#billed(lot);
    return outcomeOf(tokens, await this.#gateway.spentOf(lot), isRefused);
  }

  async #drain(lot: Lot, before: number): Promise<boolean> {
    let spent = before;
    while (spent + 2 * costOf(MEDIUM) <= LIMIT_TOKENS && (await this.#call(lot, MEDIUM)) === 'served') spent += costOf(MEDIUM);
    const start = Math.max(LIMIT_TOKENS, before);
    let noticing = false;
    let refusals = 0;
    while (refusals < REFUSALS) {
      if (spent > start + 2 * BEYOND_TOKENS) return false;
      if (spent > start + BEYOND_TOKENS && !noticing) {
        noticing = true;
        await sleep(this.#patience.settleMs);
      }
      if ((await this.#call(lot, SMALLEST)) === 'served') {
        spent += costOf(SMALLEST);
        refusals = 0;
        continue;
      }
      refusals += 1;
      await sleep(REFUSAL_GAP_MS);
    }
    return true;
  }

  async #call(lot: Lot, small: Ask): Promise<Fate['is']> {
    const { is, said } = await call(this.#gateway.way(lot), small);
    if (is === 'lost') throw new Error(`${this.#gateway.version} does not answer any more`);
    if (is === 'refused') this.refusal ??= `${said.status} ${said.text}`;
    return is;
  }

  /** One question at a time: an answer to an earlier one may be out of date. */
  async #billed({ credential }: Lot): Promise<Billed> {
    const books = () => ask<CountingBooks>(this.#upstream, { do: 'books' } satisfies CountingAsk, 'the counting upstream');
    this.#asked = this.#asked.then(books);
    return (await this.#asked)[credential] ?? NOTHING_BILLED;
  }

  async #until(lot: Lot, isSo: (billed: Billed) => boolean, ms: number): Promise<void> {
    const deadline = performance.now() + ms;
    while (!isSo(await this.#billed(lot)) && performance.now() < deadline) await sleep(POLL_MS);
  }
}
