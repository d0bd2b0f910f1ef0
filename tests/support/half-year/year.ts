import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { eventually } from '../calling.ts';
import { PoolStage } from '../pool.ts';
import type { PoolStatus } from '../pool-status.ts';
import { between, seeded } from '../random.ts';
import { Travelling } from '../travelling.ts';
import { Community } from './community.ts';
import { DAY_MS, type Form, keyOf, LOCKOUT_DAYS, type Plan, type PlannedGift, planOf, weekAt } from './plan.ts';
import { Providers } from './providers.ts';
import { Work } from './work.ts';

const HOUR_MS = 3_600_000;
const MONTH_DAYS = 30;
/** A key that was given is tried within so long; and so long shared books wait for another host that may be taking it. */
const TRIED_MS = 6_000;
const TAKING_MS = 660_000;
/** An upstream that is silent for longer is left: a silent one is one of the faults. */
const SILENT_MS = '1500';

export type Restarts = { clean: number; killed: number };
type Happening = { readonly at: number; readonly happen: () => Promise<void> };

/** How a half-year is played: which form of it, by which seed, and whether with every restart. */
export type Playing = {
  readonly form: Form;
  readonly seed: number;
  readonly isLong: boolean;
  readonly env?: Readonly<Record<string, string>>;
};

/** Half a year of a donation pool, on a real daemon whose clock is the test's: three months of gifts, and three of work. */
export class HalfYear {
  readonly plan: Plan;
  readonly stage: PoolStage;
  readonly providers: Providers;
  readonly community: Community;
  readonly work: Work;
  readonly restarts: Restarts = { clean: 0, killed: 0 };
  /** At the ends of the first three months. */
  readonly months: PoolStatus[] = [];
  refused = 0;
  clockJumps = 0;
  readonly #clock: Travelling;
  readonly #launchedAt: number;
  readonly #isLong: boolean;
  readonly #random: () => number;

  private constructor(stage: PoolStage, clock: Travelling, launchedAt: number, { form, seed, isLong }: Playing) {
    this.plan = planOf(form, seed);
    this.stage = stage;
    this.providers = new Providers(this.plan, stage.upstream);
    this.community = new Community(stage, clock, launchedAt);
    this.work = new Work(stage);
    this.#clock = clock;
    this.#launchedAt = launchedAt;
    this.#isLong = isLong;
    this.#random = seeded(seed + 1);
  }

  static async open(playing: Playing): Promise<HalfYear> {
    const clock = new Travelling();
    const waits = { TALLY_UPSTREAM_HEADERS_MS: SILENT_MS, TALLY_UPSTREAM_IDLE_MS: SILENT_MS, TALLY_RETRIES_MAX: '0' };
    const env = { ...clock.env, ...waits, TALLY_POOL_LOCKOUT_OFF: '0', TALLY_POOL_TASKS_MAX: '6', ...playing.env };
    const stage = await PoolStage.open(env, ['anthropic', 'openai', 'google']);
    const { json } = await stage.get<PoolStatus>('/status');
    return new HalfYear(stage, clock, json.lockout.launched_at, playing);
  }

  async play(): Promise<void> {
    await this.community.arrive(this.plan);
    await this.#months();
    await this.#unlock();
    for (let week = 0; week < this.plan.weeks; week += 1) await this.#week(week);
    await this.#to(weekAt(this.plan.weeks));
    await this.#restart('SIGTERM');
  }

  async status(): Promise<PoolStatus> {
    return (await this.stage.get<PoolStatus>('/status')).json;
  }

  async close(): Promise<void> {
    await this.stage.close();
    this.#clock.dispose();
  }

  /** Three months of gifts, while nothing may run. */
  async #months(): Promise<void> {
    const [first, killed] = [
      this.plan.tasks.find(({ isAllotted }) => !isAllotted),
      this.plan.gifts[Math.floor(this.plan.gifts.length / 2)],
    ];
    if (first === undefined || killed === undefined) throw new Error('a plan without gifts or tasks');
    const gifts = this.plan.gifts.map((gift) => ({
      at: gift.at,
      happen: () => (gift === killed ? this.#killedGift(gift) : this.community.give(gift)),
    }));
    const days = (at: number, happen: () => Promise<void>): Happening => ({ at: at * DAY_MS, happen });
    const months = [1, 2, 3].map((month) => days(month * MONTH_DAYS - 0.01, async () => void this.months.push(await this.status())));
    const every: Happening[] = [
      days(12.2, () => this.#useless()),
      days(62.2, async () => void (await this.work.ask(first))),
      days(85.2, () => this.#jumpForward(100)),
      days(55.2, () => this.#jumpBack()),
      days(89.9, () => this.#refused()),
    ];
    const long = [
      days(5.2, () => this.#restart('SIGTERM')),
      days(70.2, () => this.#startAhead(30)),
      days(80.2, () => this.#restart('SIGKILL')),
    ];
    await this.#live([...gifts, ...months, ...every, ...(this.#isLong ? long : []), ...this.#deeds(0, LOCKOUT_DAYS * DAY_MS)]);
  }

  #deeds(from: number, to: number): readonly Happening[] {
    const due = this.plan.deeds.filter(({ at }) => at >= from && at < to);
    return due.map(({ at, deed, gift }) => ({ at, happen: async () => void (await this.community.do(deed, gift)) }));
  }

  async #live(happenings: readonly Happening[]): Promise<void> {
    for (const { at, happen } of [...happenings].sort((a, b) => a.at - b.at)) {
      await this.#to(at);
      await happen();
    }
  }

  /** It ends by itself: what was asked for before runs without anybody's word. */
  async #unlock(): Promise<void> {
    const first = this.plan.tasks.find(({ number }) => this.work.ids.has(number));
    if (first === undefined) throw new Error('no task waits for the end of the lockout');
    const { state, error } = await this.stage.task(this.work.ids.get(first.number) ?? '');
    expect([state, error]).toEqual(['waiting', 'GOVERNANCE_LOCKED']);
    await this.#to(LOCKOUT_DAYS * DAY_MS + HOUR_MS);
    expect(await this.work.finish(first)).toBeNull();
  }

  async #week(week: number): Promise<void> {
    await this.#live(this.#deeds(week === 0 ? LOCKOUT_DAYS * DAY_MS : weekAt(week - 1), weekAt(week)));
    await this.#to(weekAt(week));
    const tasks = this.plan.tasks.filter(({ number, week: own }) => own === week && !this.work.ids.has(number));
    for (const task of tasks) await this.work.ask(task);
    const meanwhile = this.#meanwhile(week);
    const ended = await Promise.all(tasks.map((task) => this.work.finish(task)));
    await meanwhile;
    expect(ended.filter((code) => code !== null)).toEqual([]);
  }

  /** What happens to the daemon while calls run. */
  async #meanwhile(week: number): Promise<void> {
    await sleep(between(this.#random, 100, 700));
    const happens: Readonly<Record<number, () => Promise<void>>> = {
      3: () => this.#restart('SIGKILL'),
      5: () => this.#wrongFor(2 * HOUR_MS),
      8: () => this.#wrongFor(-3 * HOUR_MS),
    };
    const long: Readonly<Record<number, () => Promise<void>>> = {
      1: () => this.#restart('SIGTERM'),
      4: () => this.#restart('SIGKILL'),
      6: async () => {
        await this.#restart('SIGKILL');
        await sleep(between(this.#random, 50, 500));
        await this.#restart('SIGKILL');
      },
      9: () => this.#restart('SIGTERM'),
      11: () => this.#restart('SIGKILL'),
    };
    await (happens[week] ?? (this.#isLong ? long[week] : undefined))?.();
  }

  async #to(at: number): Promise<void> {
    const ms = this.#launchedAt + at - this.#clock.now();
    if (ms > 0) await this.#clock.pass(ms);
  }

  /** What a process remembered of its grant time may be days old here, where days pass in moments: the operator says that they have passed. */
  async #restart(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await this.stage.restart(signal);
    this.restarts[signal === 'SIGTERM' ? 'clean' : 'killed'] += 1;
    await this.stage.daemon.admin('/clock/confirm', { reason: 'time has passed' });
  }

  /** The pool is asked to work before its time. */
  async #refused(): Promise<void> {
    const { status, json } = await this.stage.post('/execute', {
      task_description: 'Too early.',
      provider: 'openai',
      max_total_tokens: 9_000,
    });
    expect([status, json['error'], json['state']]).toEqual([403, 'GOVERNANCE_LOCKED', 'waiting']);
    await this.stage.post(`/tasks/${String(json['task_id'])}/cancel`, {});
    this.refused += 1;
  }

  /** A key that the provider does not know, and one that is there already. */
  async #useless(): Promise<void> {
    const [known] = this.community.kept.values();
    if (known === undefined) throw new Error('nobody has given yet');
    const wrong = { ...known.gift, apiKey: keyOf(known.gift.provider, 0, this.#random), donor: (known.gift.donor + 1) % this.plan.donors };
    const refused = await this.community.offer(wrong);
    expect([refused.status, refused.body.error]).toEqual([422, 'VALIDATION_FAILED']);
    await this.#clock.pass(61_000);
    const again = await this.community.offer(known.gift);
    expect([again.status, again.body.error]).toEqual([409, 'DONATION_DUPLICATE']);
  }

  /** The process dies while a key is given: then it is there whole, or not at all. */
  async #killedGift(gift: PlannedGift): Promise<void> {
    const asked = this.community.offer(gift).catch(() => null);
    await sleep(between(this.#random, 2, 30));
    await this.#restart('SIGKILL');
    await asked;
    await this.#clock.pass(61_000);
    const { status, body } = await this.community.offer(gift);
    if (status === 201) return this.community.keep(gift, body.key_id);
    expect([status, body.error]).toEqual([409, 'DONATION_DUPLICATE']);
    const there = await this.#thereAfterAll();
    if (there !== null) return this.community.keep(gift, there);
    // In shared books another host may be taking it, for all that this one knows; so it is given up only after a while.
    await this.#clock.pass(TAKING_MS);
    await this.#restart('SIGTERM');
    await this.community.give(gift);
  }

  /** @returns the key whose taking was cut short, once it is known to work; null where nothing comes of it. */
  async #thereAfterAll(): Promise<string | null> {
    const known = new Set([...this.community.kept.values()].map(({ id }) => id));
    const found = async () => {
      const { json } = await this.stage.get<{ donations: readonly { key_id: string; state: string }[] }>('/donations');
      return json.donations.find(({ key_id, state }) => !known.has(key_id) && state === 'active')?.key_id;
    };
    return eventually('the key is known to work', found, TRIED_MS).catch(() => null);
  }

  async #jumpForward(days: number): Promise<void> {
    await this.#clock.set(days * DAY_MS);
    await this.#refused();
    await this.#clock.set(0);
    this.clockJumps += 1;
  }

  async #jumpBack(): Promise<void> {
    await this.#clock.set(-3 * HOUR_MS);
    await this.#refused();
    await this.#clock.set(0);
    this.clockJumps += 1;
  }

  /** Set wrong while it was down: a day is believed, and no more. */
  async #startAhead(days: number): Promise<void> {
    await this.#clock.set(days * DAY_MS);
    await this.stage.restart('SIGTERM');
    this.restarts.clean += 1;
    await this.#refused();
    await this.#clock.set(0);
    this.clockJumps += 1;
  }

  async #wrongFor(ms: number): Promise<void> {
    await this.#clock.set(ms);
    await sleep(400);
    await this.#clock.set(0);
    this.clockJumps += 1;
  }
}
