import { setTimeout as sleep } from 'node:timers/promises';
import { describe } from '#ground/describe';
import type { DonationDeps } from './deps.ts';
import { STATES } from './donation.ts';
import { type Ends, isKept } from './ends.ts';
import type { Giving } from './giving.ts';
import type { Life } from './life.ts';
import { Settled } from './settled.ts';
import type { SourceRows } from './source-rows.ts';
import type { Stores } from './stores.ts';
import type { Turns } from './turns.ts';
import type { Validator } from './validator.ts';

const SWEEP_MS = 60_000;
const RETRY_MS = 2_000;
/** After a settlement: those that come together are looked at together. */
const SOON_MS = 50;
/** In shared books another host may be taking it now; that takes seconds. */
const INTERRUPTED_MS = 600_000;

export type KeeperParts = {
  readonly stores: Stores;
  readonly rows: SourceRows;
  readonly ends: Ends;
  readonly life: Life;
  readonly giving: Giving;
  readonly validator: Validator;
  readonly turns: Turns;
  /** What is forgotten by time beside donations. @param now Unix ms. */
  readonly tidy: (now: number) => Promise<void>;
};

/** Looks after donations: each after a call on it was settled, all of them each minute and at the start. What fails is done again. */
export class Keeper {
  readonly #deps: DonationDeps;
  readonly #parts: KeeperParts;
  readonly #settled: Settled;
  readonly #stopping = new AbortController();
  #loops: readonly Promise<void>[] = [];
  #soon: NodeJS.Timeout | null = null;
  #following: Promise<void> = Promise.resolve();

  constructor(deps: DonationDeps, parts: KeeperParts) {
    this.#deps = deps;
    this.#parts = parts;
    this.#settled = new Settled(deps.ledger);
  }

  /** What a crash left half-done is finished before it resolves, or logged. */
  async start(): Promise<void> {
    await this.#settled.begin();
    await this.#logged(() => this.sweep());
    this.#loops = [this.#every(SWEEP_MS, () => this.sweep()), this.#every(RETRY_MS, () => this.#retry())];
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    if (this.#soon !== null) clearTimeout(this.#soon);
    await Promise.all([...this.#loops, this.#following, this.#parts.validator.idle()]);
  }

  /** A call was settled, on whichever source. */
  notify(): void {
    if (this.#soon !== null || this.#stopping.signal.aborted) return;
    this.#soon = setTimeout(() => {
      this.#soon = null;
      this.#following = this.#following.then(() => this.#logged(() => this.follow()));
    }, SOON_MS);
    this.#soon.unref();
  }

  /** Looks at every donation on which a call was settled since the last time. */
  async follow(): Promise<void> {
    await this.#settled.take(async (sourceIds) => {
      for (const id of sourceIds) if ((await this.#parts.rows.find(id)) !== null) await this.check(id);
    });
  }

  async sweep(): Promise<void> {
    const { stores, rows, tidy } = this.#parts;
    for (const state of STATES.filter((each) => each !== 'destroyed')) {
      for await (const { id } of stores.donations.all(state)) {
        if (this.#stopping.signal.aborted) return;
        await this.#logged(() => this.check(id));
      }
    }
    if (this.#deps.areLatest()) for (const id of await rows.ids()) await this.#logged(() => this.#orphan(id));
    await tidy(this.#deps.clock.wallMs());
  }

  /** One look at a donation: what should have been done to it is done, what ends it is found. */
  check(id: string): Promise<void> {
    return this.#parts.turns.run(id, async () => {
      const { stores, ends, life, giving } = this.#parts;
      const { ledger, clock, isShared, areLatest } = this.#deps;
      const stored = await stores.donations.get(id);
      if (stored === null || stored.state === 'destroyed' || giving.isUnderWay(id)) return;
      const account = await ledger.account(id);
      if (stored.value.end !== null) {
        const now = clock.wallMs();
        if (account !== null && isKept(stored.value.end, now) && (await ends.fitsACall(id, stored.value, account)))
          await ends.reopen(stored);
        else await ends.finish(id);
        return;
      }
      if (account === null) {
        const since = clock.wallMs() - stored.value.givenAt;
        if (!areLatest() || (isShared && since < INTERRUPTED_MS)) return;
        await ends.begin(id, { as: 'rejected', by: 'pool', reason: 'taking it was cut short' });
        return;
      }
      if (account.state === 'destroyed' || account.state === 'revoked') {
        await ends.begin(id, { as: 'revoked', by: 'operator', reason: account.stateReason ?? 'by the operator' });
        return;
      }
      await life.align(stored);
      const ended = await ends.reason(stored, (await ledger.account(id)) ?? account);
      if (ended !== null) await ends.begin(id, ended);
    });
  }

  /** A donated key without a donation serves nobody: it is destroyed. */
  async #orphan(id: string): Promise<void> {
    const { ledger, vault, sources } = this.#deps;
    const stored = await this.#parts.stores.donations.get(id);
    if (stored !== null && stored.state !== 'destroyed') return;
    const account = await ledger.account(id);
    const isSealed = vault.list().some((meta) => meta.id === id);
    if ((account === null || account.state === 'destroyed') && !isSealed) return;
    await vault.audit('donation.orphaned', id, { known: stored !== null });
    if (account !== null && account.state !== 'destroyed') await ledger.setState(id, 'destroyed', 'it has no donation');
    await sources.remove(id);
    if (isSealed) await vault.shred(id, 'it has no donation');
  }

  async #retry(): Promise<void> {
    const { stores, validator } = this.#parts;
    const now = this.#deps.clock.wallMs();
    for await (const { id, value } of stores.donations.all('pending_validation')) {
      if (value.validation.nextAt > now) continue;
      // Not waited for: a slow provider keeps no other waiting.
      void this.#logged(() => validator.validate(id));
    }
  }

  async #every(ms: number, work: () => Promise<void>): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await sleep(ms, undefined, { signal, ref: false }).catch(() => {});
      if (!signal.aborted) await this.#logged(work);
    }
  }

  async #logged(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (cause) {
      this.#deps.log.warn({ cause: describe(cause) }, 'donations could not be looked after now');
    }
  }
}
