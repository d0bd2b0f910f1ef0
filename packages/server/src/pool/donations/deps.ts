import type { Domain, Hex } from '@tallystick/core';
import type { Clock } from '#ground/clock';
import type { Log } from '#ground/log';
import type { Ledger, NewAccount, SourceRow } from '#ledger';
import type { Vault } from '#vault';
import type { Providers } from './providers.ts';

/** Joined in the app: a donation is a source like any other, sealed and served by the same steps. */
export interface DonatedSources {
  /** Seals the key for its donor, then opens the accounts, then serves it; zeroes `secret`. A crash in between leaves what nothing can use. */
  add(row: SourceRow, accounts: readonly NewAccount[], donor: string, secret: Buffer): Promise<void>;
  /** Serves it no more: calls in flight are cut. */
  remove(id: string): Promise<void>;
}

/** How the call that shows whether a key works came out. `unclear`: it said nothing of the key; `why` is a code of the catalogue. */
export type Probed = { readonly receiptId: string | null } & (
  | { readonly result: 'works' | 'refused' }
  | { readonly result: 'unclear'; readonly why: string }
);

/** Joined in the app: one call through the gateway's own door, on this source alone. Never rejects. */
export type Prober = (sourceId: string, call: { readonly path: string; readonly body: string }) => Promise<Probed>;

export type DonationDeps = {
  readonly ledger: Ledger;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly log: Log;
  readonly domain: Domain;
  /** Other hosts may have these books open too: a key may be sealed on one of them only. */
  readonly isShared: boolean;
  /** Nothing was found that says that these books are not the latest: what they lack is not destroyed before. */
  readonly areLatest: () => boolean;
  readonly providers: Providers;
  readonly sources: DonatedSources;
  readonly probe: Prober;
  /** By the key that signs the gateway's receipts. */
  readonly sign: (digest: Hex) => { readonly signature: Hex; readonly signer: Hex };
  /** Remembers the books' heads outside of them. */
  readonly checkpoint: () => Promise<void>;
};
