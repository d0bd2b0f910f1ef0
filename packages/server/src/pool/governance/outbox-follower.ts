import { TallyError } from '@tallystick/core';
import { z } from 'zod';
import { describe } from '#ground/describe';
import type { Log } from '#ground/log';
import type { Ledger, OutboxEvent } from '#ledger';
import { amount, Store } from '../store.ts';

/** How often the books are asked what has happened. */
const FOLLOW_MS = 250;
const PAGE = 500;
/** Events after which the place is remembered even where none of them mattered: so few are read twice after a crash. */
const REMEMBER_EVENTS = 2_000;

const placeCodec = z.strictObject({ after: amount });

export type OutboxFollowerDeps = {
  readonly ledger: Pick<Ledger, 'outbox' | 'record' | 'records' | 'writeRecords' | 'recordStates'>;
  /** Names the place that is remembered; the same at every start. */
  readonly name: string;
  /** Does what an event asks for. It is given an event again after a crash, and on each host that shares the books: it must not matter. */
  readonly take: (event: OutboxEvent) => Promise<void>;
  readonly log: Log;
};

/** Follows the books' outbox, each event at least once, over restarts. An event that fails is taken again before any later one. */
export class OutboxFollower {
  readonly #deps: OutboxFollowerDeps;
  readonly #places: Store<z.output<typeof placeCodec>>;
  #after = 0n;
  #remembered = 0n;
  #unremembered = 0;
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> = Promise.resolve();
  #isStopped = false;
  #isFailing = false;

  constructor(deps: OutboxFollowerDeps) {
    this.#deps = deps;
    this.#places = new Store(deps.ledger, 'pool.place', placeCodec);
  }

  async start(): Promise<void> {
    this.#after = (await this.#places.get(this.#deps.name))?.value.after ?? 0n;
    this.#remembered = this.#after;
    this.#wait(0);
  }

  /** Resolves when nothing more is followed, and the place is remembered. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#running;
    await this.#remember().catch((cause: unknown) =>
      this.#deps.log.warn({ cause: describe(cause) }, 'a place in the outbox was not remembered'),
    );
  }

  #wait(ms: number): void {
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => {
      this.#running = this.#turn().then(() => this.#wait(FOLLOW_MS));
    }, ms);
    this.#timer.unref();
  }

  async #turn(): Promise<void> {
    const { log, name } = this.#deps;
    try {
      await this.follow();
      if (this.#isFailing) log.info({ name }, 'the outbox is followed again');
      this.#isFailing = false;
    } catch (cause) {
      if (!this.#isFailing) log.warn({ name, cause: describe(cause) }, 'the outbox cannot be followed now');
      this.#isFailing = true;
    }
  }

  /** Takes all that has happened until now. */
  async follow(): Promise<void> {
    for (;;) {
      const events = await this.#deps.ledger.outbox(this.#after, PAGE);
      for (const event of events) {
        if (this.#isStopped) return;
        await this.#deps.take(event);
        this.#after = event.seq;
      }
      this.#unremembered += events.length;
      if (this.#unremembered >= REMEMBER_EVENTS) await this.#remember();
      if (events.length < PAGE) return;
    }
  }

  /** Another host may be further: the place only goes forward. */
  async #remember(): Promise<void> {
    const after = this.#after;
    if (after === this.#remembered) return;
    const { name } = this.#deps;
    const further = (value: { readonly after: bigint }) => ({ after: value.after > after ? value.after : after });
    await this.#places.update(name, further).catch(async (error: unknown) => {
      if (!(error instanceof TallyError && error.code === 'NOT_FOUND')) throw error;
      await this.#places.create(name, { after }, 'known');
    });
    this.#remembered = after;
    this.#unremembered = 0;
  }
}
