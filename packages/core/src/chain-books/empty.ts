import { utf8 } from '../crypto/bytes.ts';
import { keccak } from '../crypto/keccak.ts';
import type { Hex } from '../receipt/types.ts';
import type { BooksContext, ChainBooks } from './types.ts';

/** @param vault address of the deployment's `CreditVault`. The other keys are fixed in `Beneficiaries.sol`. */
export function booksContext(vault: Hex): BooksContext {
  const key = (name: string) => keccak(utf8(`tallystick.${name}`));
  return { oracles: key('oracles'), reserve: key('reserve'), protocol: key('protocol'), vault: vault.toLowerCase() as Hex };
}

/** Books in which nothing has happened yet. */
export function emptyChainBooks(context: BooksContext): ChainBooks {
  return {
    context,
    events: 0n,
    credits: { supply: 0n, venues: new Map(), balances: new Map() },
    vault: { accounts: new Map(), owed: new Map(), held: 0n, owedTotal: 0n },
    channels: new Map(),
    claims: new Map(),
    locks: new Map(),
    sums: new Map(),
    treasury: { splitVersion: 0n, splits: new Map(), fees: new Map(), beneficiaries: new Map() },
    lanes: new Map(),
    batches: new Map(),
    proofs: new Map(),
    providers: new Map(),
    stakes: { stakes: new Map(), slashes: new Map(), owed: 0n, collected: 0n },
    escrow: { stakes: new Map(), slashes: new Map(), owed: 0n, collected: 0n },
    purchases: new Map(),
    quorum: { current: 0n, epochs: new Map(), schemes: new Map(), keys: new Map() },
    params: { values: new Map(), proposed: new Map(), pausedUntil: 0n },
    mints: { modes: new Map(), minted: new Map(), terms: new Map(), used: new Set(), supply: 0n, balances: new Map() },
    orders: { sold: new Map(), cancelled: new Set(), nonces: new Set(), below: new Map(), tokens: new Map(), feeBps: 0n },
    leaving: { phase: 'open', root: null, total: 0n, entries: new Map() },
    arriving: { phase: 'open', manifestId: null, root: null, total: 0n, bridged: 0n, claimed: 0n, claims: new Set() },
    capabilities: { issuers: new Map(), revoked: new Set() },
    places: new Map(),
    mismatches: [],
    mismatchCount: 0n,
    touched: new Set(),
  };
}
