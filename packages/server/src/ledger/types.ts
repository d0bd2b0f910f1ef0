import type { Hex, ProofKind, Receipt, ReceiptMode, UsageLine } from '@tallystick/core';
import type { LedgerArchives } from './archive/types.ts';
import type { LedgerCharges } from './charges.ts';
import type { ReconcileRequest, ReconcileResult, Reconciliation } from './reconciliation.ts';
import type { LedgerRecords } from './record-types.ts';
import type { KeptReplay, NewReplay } from './replay.ts';
import type { LedgerReservations } from './reservation.ts';

export type { BooksAt } from './books-at.ts';
export type { KeptReplay, NewReplay } from './replay.ts';

/** What an account counts. `tokens`: billable tokens; `credits`: credit base units (6 decimals); `ms`: milliseconds. */
export type Asset = 'tokens' | 'credits' | 'ms';
/**
 * `group`: a gate that the holds of many calls name with nothing, for its state and the time from which it is open; it is charged nothing.
 * `minutes`: how long a source may be at work, ms.
 */
export type AccountKind = 'source' | 'key' | 'operator' | 'group' | 'minutes';
/** `destroyed` and `revoked` are final. `frozen`: stopped by the ledger itself (overrun, regression); left only by reconciling. */
export type AccountState = 'active' | 'paused' | 'frozen' | 'revoked' | 'destroyed';

export type NewAccount = {
  readonly id: string;
  readonly kind: AccountKind;
  readonly tenantId: string;
  readonly asset: Asset;
  /** Never raised. */
  readonly ceiling: bigint;
  /** 0 ≤ limit ≤ ceiling. */
  readonly limit: bigint;
  readonly parent?: string;
  /** Unix ms; absent = never. */
  readonly expiresAt?: number;
  /** Unix ms, by grant time (wall time less what the clock jumped forward by): no hold before it. Absent = open. */
  readonly opensAt?: number;
};

export type Account = Required<Omit<NewAccount, 'parent' | 'expiresAt' | 'opensAt'>> & {
  readonly parent: string | null;
  readonly expiresAt: number | null;
  readonly held: bigint;
  readonly spent: bigint;
  readonly overrun: bigint;
  readonly state: AccountState;
  /** Why it is frozen, paused or revoked; null while active. */
  readonly stateReason: string | null;
  readonly version: bigint;
  /** Number of its postings, and the head of their HMAC chain (32 bytes, hex without 0x). */
  readonly seq: bigint;
  readonly head: string;
  readonly createdAt: number;
  readonly opensAt: number | null;
};

export type HoldLine = { readonly accountId: string; readonly amount: bigint };

/** Everything about a call that is known before it is sent; kept in the hold's row, which is also the audit entry of opening the secret. */
export type HoldRequest = {
  /** UUIDv7, unique per attempt: the idempotency id of this hold. */
  readonly holdId: string;
  readonly callId: string;
  readonly attempt: number;
  /** The account whose secret will be opened; must be among `lines`. */
  readonly sourceId: string;
  readonly keyId: string;
  readonly tenantId: string;
  /** 1 … 16 accounts of one book; applied in id order, all or none. */
  readonly lines: readonly HoldLine[];
  /** The amounts rest on evidence, not on proof: the last tenth of each limit stays free of every hold, from now until this one ends. */
  readonly guarded?: boolean;
  /**
   * A reservation of this key: on the accounts that it names, the hold takes out of what is left of it, and no more than that; what it does
   * not spend goes back there. On all other accounts it is a hold as any.
   */
  readonly within?: string;
  /** 16 random bytes, hex: ours after a lost acknowledgement only if it matches. */
  readonly nonce: string;
  /** 48 bits of time and 80 random bits, hex: the public receipt id, fixed now. */
  readonly receiptId: string;
  readonly mode: ReceiptMode;
  readonly proof: ProofKind;
  readonly tariffId: Hex;
  readonly factsVersion: string;
  /** Pseudonyms and hashes that the receipt will carry. */
  readonly tenantHash: Hex;
  readonly sourceHash: Hex;
  readonly providerHash: Hex;
  readonly requestHash: Hex;
  /** What no dispute needs but a reader wants: endpoint, model, bound. JSON-safe: strings, safe integers, booleans. */
  readonly detail: Readonly<Record<string, string | number | boolean>>;
  readonly idempotency?: { readonly route: string; readonly key: string; readonly bodyMac: string };
};

/** Proof to the vault that a durable hold exists: single use, bound to hold, nonce, source and process epoch. */
export type SendPermit = {
  readonly holdId: string;
  readonly sourceId: string;
  readonly nonce: string;
  readonly epoch: string;
  /** HMAC-SHA-256 under the ticket key, hex. */
  readonly mac: string;
};

export type HoldState = 'open' | 'settled' | 'burned' | 'released';

export type HoldRefusal =
  | {
      readonly code: 'CAP_EXCEEDED' | 'CAP_BUSY';
      readonly accountId: string;
      readonly asset: Asset;
      readonly need: bigint;
      readonly available: bigint;
      readonly held: bigint;
      readonly limit: bigint;
    }
  | {
      readonly code: 'ACCOUNT_NOT_ACTIVE';
      readonly accountId: string;
      readonly kind: AccountKind;
      readonly state: AccountState;
      readonly reason: string | null;
    }
  | { readonly code: 'ACCOUNT_EXPIRED'; readonly accountId: string; readonly kind: AccountKind; readonly expiresAt: number }
  | { readonly code: 'ACCOUNT_NOT_OPEN'; readonly accountId: string; readonly kind: AccountKind; readonly opensAt: number }
  | { readonly code: 'ACCOUNT_UNKNOWN'; readonly accountId: string }
  | { readonly code: 'POOL_STOPPED'; readonly reason: string }
  | { readonly code: 'ACCOUNT_TAMPERED'; readonly accountId: string };

export type HoldResult =
  | { readonly result: 'created'; readonly permit: SendPermit; readonly createdAt: number; readonly balances: readonly AccountBalance[] }
  /**
   * Same holdId, or same idempotency key: never send. `sameBody` is false when an idempotency key came with another body.
   * `ours`: written by this process with this nonce, so a lost acknowledgement was ours, and the caller may release it.
   */
  | {
      readonly result: 'existing';
      readonly holdId: string;
      readonly state: HoldState;
      readonly receiptId: string;
      readonly sameBody: boolean;
      readonly ours: boolean;
    }
  | { readonly result: 'refused'; readonly refusal: HoldRefusal };

export type AccountBalance = {
  readonly accountId: string;
  readonly asset: Asset;
  readonly limit: bigint;
  readonly held: bigint;
  readonly spent: bigint;
  readonly overrun: bigint;
};

export type SettleRequest = {
  readonly holdId: string;
  /**
   * `metered`: the upstream reported usage · `bound`: the answer carried no usable usage and is charged in full ·
   * `burned`: outcome unknown, whole hold spent · `released`: provably not billed (never sent, or an unbilled refusal by the facts file).
   */
  readonly outcome: 'metered' | 'bound' | 'burned' | 'released';
  /** Metered tokens; ignored for `bound`, `burned` (whole hold) and `released` (0). May exceed the hold: an overrun. */
  readonly tokens: bigint;
  /** Metered credits to charge the tenant; as above. A burn charges the tenant `credits` as delivered, the source its whole hold. */
  readonly credits: bigint;
  /** Milliseconds used, for lines that count them, whatever the outcome but `released`; absent = not known: what was held, and of a burn its source's. */
  readonly ms?: bigint;
  readonly lines: readonly UsageLine[];
  readonly endedAt: number;
  readonly responseHash: Hex;
  readonly attestationHash?: Hex;
  readonly detail: Readonly<Record<string, string | number | boolean>>;
};

export type SettleResult =
  | {
      readonly result: 'settled';
      readonly receiptId: string;
      readonly seq: bigint;
      readonly charged: bigint;
      readonly overrun: bigint;
      readonly frozen: boolean;
    }
  /** It was settled, burned or released before: nothing changed (a late settle of a burned hold is kept as evidence). */
  | { readonly result: 'already'; readonly state: HoldState; readonly receiptId: string }
  | { readonly result: 'unknown' };

export type HoldRow = {
  readonly holdId: string;
  readonly callId: string;
  readonly attempt: number;
  readonly sourceId: string;
  readonly keyId: string;
  readonly tenantId: string;
  readonly state: HoldState;
  readonly receiptId: string;
  readonly epoch: string;
  readonly createdAt: number;
  readonly endedAt: number | null;
  readonly lines: readonly HoldLine[];
};

/** A source as the gateway needs it; its balance is the account with the same id (asset `tokens`). The secret is in the vault under the same id. */
export type SourceRow = {
  readonly id: string;
  readonly name: string;
  /** `openai-compatible`: any server that speaks the dialect; only models declared in `models` are served. */
  readonly provider: 'openai' | 'openai-compatible' | 'anthropic' | 'google' | 'sandbox';
  /** Scheme, host and base path, for example `https://api.openai.com/v1`. */
  readonly baseUrl: string;
  readonly mode: ReceiptMode;
  /** `metered`, or `hold`: nothing is ever released (the donor trusts no usage report). */
  readonly settle: 'metered' | 'hold';
  /** Its giver agreed that a call may be bounded by the provider's own count of it, inside a guard band. */
  readonly countConsent: boolean;
  /** Model facts declared by the operator, JSON; `{}` where the built-in facts are enough. */
  readonly models: string;
  /** Tariff lines that the tenant is charged by, JSON; `[]` = free. Pinned by hash in every hold. */
  readonly tariff: string;
  readonly createdAt: number;
  /** It was donated: only keys of the pool may use it. */
  readonly pool: boolean;
  /** Accounts that every hold of a pool key on it names too, with nothing: its gates. */
  readonly groups: readonly string[];
  /** How long it may be at work: an account of kind `minutes`. */
  readonly minutesAccountId: string | null;
};

/** A virtual key: only its hash is kept. Its token budget is the account with the same id; a credit budget, where set, is `creditAccountId`. */
export type KeyRow = {
  readonly id: string;
  readonly name: string;
  readonly tenantId: string;
  /** HMAC-SHA-256 of the whole key under the vault's key-hash key, hex. */
  readonly hash: string;
  /** The first characters, for people to tell keys apart. */
  readonly hint: string;
  readonly creditAccountId: string | null;
  /** Source ids it may use; null = any. */
  readonly sources: readonly string[] | null;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  /** For how long after its end the answer of a call with an idempotency key is kept for a retry, seconds, at most a day; 0 = not at all. */
  readonly replayS: number;
  /** `calls`: never on donated sources. `pool`, `validation`: on those alone, and a validation passes their gates, which judge use. */
  readonly use: KeyUse;
};

export type KeyUse = 'calls' | 'pool' | 'validation';

/** A signed root over consecutive receipts of one lane. */
export type ReceiptGroup = {
  readonly laneId: Hex;
  readonly seqFrom: bigint;
  readonly seqTo: bigint;
  readonly root: Hex;
  readonly total: bigint;
  readonly signature: Hex;
  readonly signer: Hex;
  readonly signedAt: number;
};

export type ReceiptRecord =
  /** The hold is still open. */
  | { readonly status: 'open'; readonly receiptId: string }
  /** Committed, not signed yet. */
  | { readonly status: 'unsigned'; readonly receiptId: string; readonly receipt: Receipt; readonly detail: ReceiptDetail }
  | {
      readonly status: 'signed';
      readonly receiptId: string;
      readonly receipt: Receipt;
      readonly detail: ReceiptDetail;
      readonly group: ReceiptGroup;
    };

export type ReceiptDetail = Readonly<Record<string, string | number | boolean>>;

/**
 * Numbers start at 1; `signedTo` is the last number under a signed root, 0 = none. `isAbandoned`: its writer is gone and was fenced off, so
 * nobody adds to it before another process takes it.
 */
export type Lane = { readonly laneId: Hex; readonly nextSeq: bigint; readonly signedTo: bigint; readonly isAbandoned: boolean };

export type OutboxEvent = {
  readonly seq: bigint;
  readonly topic: string;
  readonly subject: string;
  readonly at: number;
  readonly body: string;
};

/** An account whose row did not match its postings, found at open or at run time. It was restored from them where they are sound, and frozen. */
export type TamperFinding = { readonly accountId: string; readonly what: string; readonly at: number };

/** The books. One engine behind it now (SQLite); the conformance suite runs against every engine. */
export interface Ledger extends LedgerRecords, LedgerReservations, LedgerCharges {
  /** This process's epoch id. */
  readonly epoch: string;
  readonly laneId: Hex;

  openAccount(account: NewAccount): Promise<void>;
  /** Lower, or raise again up to the ceiling (whether that is allowed is the vault's word, not the ledger's). */
  setLimit(accountId: string, limit: bigint, ref: string): Promise<void>;
  /** Lowers it to that, or leaves it where it is lower already: of several that are set at once, by whomever, the lowest stands. */
  lowerLimit(accountId: string, limit: bigint, ref: string): Promise<void>;
  /** Moves the time from which an account is open, only ever later: what would be earlier is left as it is. */
  raiseOpensAt(accountId: string, opensAt: number, ref: string): Promise<void>;
  /**
   * Refuses to leave a final state. Leaving `frozen` needs `reconciledSpent`: spent is raised to it when lower. For a source that is a
   * reconciliation of all time up to now: no later one may reach back before it.
   */
  setState(accountId: string, state: AccountState, reason: string, reconciledSpent?: bigint): Promise<void>;
  /**
   * Compares a closed interval with the provider's total: gives back what is certain to be too much, adds what is certain to be missing.
   * Nothing is written with `dryRun`. @throws NOT_FOUND, STATE_INVALID, INPUT_INVALID, TAMPERED
   */
  reconcile(request: ReconcileRequest, dryRun?: boolean): Promise<ReconcileResult>;
  /** All comparisons, of one source or of all, oldest first. */
  reconciliations(sourceId?: string): Promise<readonly Reconciliation[]>;
  /**
   * What a source has paid for calls of unknown outcome, less what reconciling has given back: tokens. One read by an index that has the burned
   * holds alone: it takes as long as the source has been burned often, whatever else it has served, and it counts archived months too.
   */
  burnedOf(sourceId: string): Promise<bigint>;
  /** Emergency stop of everything, and its end. Predicate of every hold's own statement. */
  setStop(stopped: boolean, reason: string): Promise<void>;
  /** Why everything is stopped; null = it is not. */
  stopReason(): Promise<string | null>;

  addSource(source: SourceRow, accounts: readonly NewAccount[]): Promise<void>;
  addKey(key: KeyRow, accounts: readonly NewAccount[]): Promise<void>;

  hold(request: HoldRequest): Promise<HoldResult>;
  /**
   * `soon`: may wait a few milliseconds, to share a commit with others; a hold that what it frees would let pass still sees it freed.
   * Nobody waits for a settlement, and a crash before it burns the hold, as always. An overrun is settled `now`: it must freeze its source
   * before the next hold.
   */
  settle(request: SettleRequest, when?: 'now' | 'soon'): Promise<SettleResult>;
  addReceiptGroup(group: ReceiptGroup): Promise<void>;

  /**
   * Keeps the sealed answer of a call that is settled, until it expires, its key is revoked, or newer ones need its room. After the batches
   * that move money, and never in one with them; a power cut may lose it. @returns whether it is kept.
   */
  keepReplay(replay: NewReplay): Promise<boolean>;
  /** The kept answer of a receipt, if these accounts are in good standing at this moment, judged as by a hold. */
  replay(receiptId: string, accountIds: readonly string[]): Promise<KeptReplay>;
  /** Drops the answers that have expired and those of revoked keys. */
  dropReplays(): Promise<void>;

  account(id: string): Promise<Account | null>;
  /** The same by the writer, which compares it with its postings first: what cannot be taken back rests on this one. */
  auditedAccount(id: string): Promise<Account | null>;
  accounts(kind?: AccountKind): Promise<readonly Account[]>;
  /** Everything ever found changed behind the ledger's back, oldest first. */
  tampered(): Promise<readonly TamperFinding[]>;
  sources(): Promise<readonly SourceRow[]>;
  keys(): Promise<readonly KeyRow[]>;
  key(id: string): Promise<KeyRow | null>;
  /** By `KeyRow.hash`. */
  keyOf(hash: string): Promise<KeyRow | null>;
  openHolds(limit: number): Promise<readonly HoldRow[]>;
  holdRow(holdId: string): Promise<HoldRow | null>;
  receipt(receiptId: string): Promise<ReceiptRecord | null>;
  /** All receipts of one signed group (their Merkle path needs them), in lane order. */
  receiptsOf(laneId: Hex, seqFrom: bigint, seqTo: bigint): Promise<readonly Receipt[]>;
  /** This process's lane. */
  lane(): Promise<Lane>;
  /** All lanes of the book, the earlier ones first: receipts of an earlier lane may still wait for their root. */
  lanes(): Promise<readonly Lane[]>;
  outbox(after: bigint, limit: number): Promise<readonly OutboxEvent[]>;
  /** Of the outbox what other hosts follow: sources and keys that were added, limits and states that were set. */
  changes(after: bigint, limit: number): Promise<readonly OutboxEvent[]>;
  /** The number that `changes` goes on after, for who reads all else now. */
  changesEnd(): Promise<bigint>;

  /** Counts the openings under an anchor outside the database: a copy that was put back has an older one. 0 in new books. */
  generation(): Promise<number>;
  setGeneration(generation: number): Promise<void>;

  /** Recomputes everything from the postings: chains, balances, Σ = 0, receipts and lanes. Empty = all agree. */
  verify(): Promise<readonly string[]>;
  /** Writes a consistent copy of the books into `file` (which must not exist). */
  backup(file: string): Promise<void>;
  /** Resolves when the writer could have committed just now. @throws LEDGER_UNAVAILABLE, LEDGER_CLOSED */
  ping(): Promise<void>;
  /** Months that are over, out of the books into files. */
  readonly archives: LedgerArchives;
  /** Waits for what is queued, then closes. Later calls reject with `LEDGER_CLOSED`. */
  close(): Promise<void>;
}
