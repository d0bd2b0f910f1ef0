import type { ChainBooks } from '@tallystick/core';

export type FollowedTo = {
  readonly headBlock: bigint;
  readonly finalBlock: bigint | null;
  readonly isAtHead: boolean;
  readonly trouble: string | null;
  readonly mismatches: bigint;
};

/** Sums of the chain's books. Amounts are decimal strings: credits in base units (6 decimals), stakes in wei, compute tokens in base units (18 decimals). */
export type BooksView = {
  readonly head_block: number;
  /** Null while nothing is final. */
  readonly final_block: number | null;
  readonly at_head: boolean;
  /** Why it is not followed now; null where it is. */
  readonly trouble: string | null;
  readonly events: number;
  readonly mismatches: number;
  readonly credits: { readonly supply: string; readonly in_channels: string; readonly owed: string };
  readonly channels: { readonly open: number; readonly withdrawing: number; readonly closed: number };
  readonly receipts: {
    readonly lanes: number;
    readonly posted: number;
    readonly final: number;
    readonly faulty: number;
    readonly count: string;
  };
  readonly providers: number;
  readonly stakes: {
    readonly providers_and_oracles: string;
    readonly buyers: string;
    readonly open_slashes: number;
    readonly slashed: string;
  };
  readonly oracle_set: number;
  readonly compute_tokens: string;
};

export function booksView(books: ChainBooks, followed: FollowedTo): BooksView {
  const channels = [...books.channels.values()];
  const batches = [...books.batches.values()];
  const slashes = [...books.stakes.slashes.values(), ...books.escrow.slashes.values()];
  const inState = <T extends { readonly state?: string; readonly status?: string }>(rows: readonly T[], state: string) =>
    rows.filter((row) => (row.state ?? row.status) === state);
  return {
    head_block: Number(followed.headBlock),
    final_block: followed.finalBlock === null ? null : Number(followed.finalBlock),
    at_head: followed.isAtHead,
    trouble: followed.trouble,
    events: Number(books.events),
    mismatches: Number(followed.mismatches),
    credits: { supply: String(books.credits.supply), in_channels: String(books.vault.held), owed: String(books.vault.owedTotal) },
    channels: {
      open: inState(channels, 'open').length,
      withdrawing: inState(channels, 'withdrawing').length,
      closed: inState(channels, 'closed').length,
    },
    receipts: {
      lanes: books.lanes.size,
      posted: inState(batches, 'posted').length,
      final: inState(batches, 'final').length,
      faulty: inState(batches, 'faulty').length,
      count: String(sum(batches.map(({ count }) => count))),
    },
    providers: books.providers.size,
    stakes: {
      providers_and_oracles: String(sum([...books.stakes.stakes.values()].map(({ amount }) => amount))),
      buyers: String(sum([...books.escrow.stakes.values()].map(({ amount }) => amount))),
      open_slashes: inState(slashes, 'proposed').length + inState(slashes, 'appealed').length,
      slashed: String(sum(inState(slashes, 'executed').map(({ amount }) => amount))),
    },
    oracle_set: Number(books.quorum.current),
    compute_tokens: String(books.mints.supply),
  };
}

function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n);
}
