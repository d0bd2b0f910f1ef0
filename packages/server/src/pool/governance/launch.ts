import { TallyError } from '@tallystick/core';
import { z } from 'zod';
import type { LedgerRecords } from '#ledger';
import { Store } from '../store.ts';

/** When the community's project began. Today the operator's word, or the first start; later what a chain says. */
export interface Launch {
  /** Unix ms; always the same, or later than before. */
  launchedAt(): Promise<number>;
}

/** Whoever sets a date so far ahead means another one: a lockout is never shortened, so it could not be taken back. */
const AHEAD_MS_MAX = 366 * 86_400_000;
const SETTING = 'TALLY_POOL_LAUNCH';
const DATE = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/;

/**
 * A moment as the configuration has it: an ISO date (its first moment, UTC), a time with its zone, or Unix ms.
 * @param now Unix ms. @throws CONFIG_INVALID
 */
export function readLaunch(text: string, now: number): number {
  const at = /^\d{10,15}$/.test(text) ? Number(text) : DATE.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at)) throw invalid('must be a date (2026-03-01), a time with its zone (2026-03-01T12:00:00Z), or Unix ms');
  if (at > now + AHEAD_MS_MAX) throw invalid('is more than a year ahead, and what it locks could never be unlocked sooner');
  return at;
}

function invalid(what: string): TallyError {
  return new TallyError('CONFIG_INVALID', `${SETTING}: ${what}.`, { setting: SETTING });
}

const startCodec = z.strictObject({ firstStart: z.int() });
const RECORD_ID = 'launch';

/** The first start of these books, where nobody says otherwise: written down once, by whichever host comes first. */
export class FirstStart implements Launch {
  readonly #store: Store<z.output<typeof startCodec>>;
  readonly #now: () => number;

  /** @param now Unix ms. */
  constructor(ledger: LedgerRecords, now: () => number) {
    this.#store = new Store(ledger, 'pool.launch', startCodec);
    this.#now = now;
  }

  async launchedAt(): Promise<number> {
    const known = await this.#store.get(RECORD_ID);
    if (known !== null) return known.value.firstStart;
    await this.#store.create(RECORD_ID, { firstStart: this.#now() }, 'known').catch(unlessThere);
    return (await this.#store.existing(RECORD_ID)).value.firstStart;
  }
}

/** Another host was quicker. */
function unlessThere(error: unknown): void {
  if (!(error instanceof TallyError && error.code === 'STATE_INVALID')) throw error;
}

/** The operator's word. */
export function configuredLaunch(at: number): Launch {
  return { launchedAt: async () => at };
}
