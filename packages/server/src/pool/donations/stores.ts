import { z } from 'zod';
import type { LedgerRecords } from '#ledger';
import { Store } from '../store.ts';
import { DONATION_KIND, type Donation, donationCodec } from './donation.ts';

const named = z.strictObject({ donation: z.string() });
type Named = z.output<typeof named>;

export const KEY_KIND = 'pool.donated-key';
export const PACE_KIND = 'pool.donor-pace';

/** What is kept of donations, as records. */
export type Stores = {
  readonly donations: Store<Donation>;
  /** By keyed hash: there while the key is given, so that it is not given twice. */
  readonly keys: Store<Named>;
  /** By donor: the last that it gave, and when. */
  readonly pace: Store<Named>;
};

export function storesOf(ledger: LedgerRecords): Stores {
  return {
    donations: new Store(ledger, DONATION_KIND, donationCodec),
    keys: new Store(ledger, KEY_KIND, named),
    pace: new Store(ledger, PACE_KIND, named),
  };
}
