import type { Hex } from '../receipt/types.ts';

/** Contracts whose events are followed. */
export const CHAIN_CONTRACTS = [
  'AIToken',
  'AITokenMinter',
  'CapabilityAuthority',
  'ChainRegistry',
  'CreditToken',
  'CreditVault',
  'MigrationClaims',
  'MigrationManifest',
  'OracleFaults',
  'OrderSettlement',
  'ParamGovernor',
  'PaymentEscrow',
  'ProviderRegistry',
  'QuorumVerifier',
  'ReceiptFaults',
  'SessionChannels',
  'SettlementTreasury',
  'StakeManager',
  'UsageReceipts',
] as const;
export type ChainContract = (typeof CHAIN_CONTRACTS)[number];

/** One decoded event, at its place in the chain. Whole numbers are bigints, bytes and addresses lower-case hex. */
export type ChainEvent = {
  readonly contract: ChainContract;
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly block: bigint;
  /** The log's index in its block. */
  readonly index: number;
};

/** What an event says does not follow from the events before it: one was missed, or a contract is not what it should be. */
export type Mismatch = {
  readonly contract: ChainContract;
  readonly name: string;
  readonly block: bigint;
  readonly index: number;
  readonly what: string;
  readonly expected: string;
  readonly found: string;
};

/** What the books must know that no event says. */
export type BooksContext = {
  /** Keys of the shares in the vault. */
  readonly oracles: Hex;
  readonly reserve: Hex;
  readonly protocol: Hex;
  /** The vault's address: its credits must be what it holds and owes. */
  readonly vault: Hex;
};

export type Account = { deposited: bigint; claimed: bigint };

export type ChannelStatus = 'open' | 'withdrawing' | 'closed';
export type ChannelRow = {
  readonly tenant: Hex;
  readonly providerId: Hex;
  readonly payerAuthorizer: Hex;
  readonly ceiling: bigint;
  readonly validUntil: bigint;
  readonly withdrawDelay: bigint;
  readonly salt: Hex;
  status: ChannelStatus;
  withdrawableAt: bigint;
  everDeposited: bigint;
};
export type ClaimRow = { readonly providerId: Hex; totalClaimed: bigint; receiptCount: bigint; receiptsRoot: Hex };
export type LockRow = { readonly channelId: Hex; readonly jobId: Hex; locked: bigint; isOpen: boolean };
/** Running sums of one provider, which two contracts tell independently. */
export type ProviderSums = { claimed: bigint; settled: bigint; settledFees: bigint; recordedVolume: bigint; recordedFees: bigint };
export type SplitRow = { readonly oraclesBps: bigint; readonly reserveBps: bigint; readonly protocolBps: bigint };

export type LaneRow = {
  readonly gatewayId: Hex;
  readonly index: bigint;
  readonly perReceiptMint: boolean;
  nextSeq: bigint;
  closed: boolean;
  signers: { readonly signer: Hex; readonly from: bigint }[];
};
export type BatchState = 'posted' | 'final' | 'faulty';
export type BatchRow = {
  readonly laneId: Hex;
  readonly root: Hex;
  readonly dataHash: Hex;
  readonly epoch: bigint;
  readonly count: bigint;
  readonly total: bigint;
  readonly seqFrom: bigint;
  readonly seqTo: bigint;
  readonly finalAt: bigint;
  state: BatchState;
};

export type ProviderRow = {
  operator: Hex;
  payout: Hex;
  signer: Hex;
  tariffId: Hex;
  level: bigint;
  status: 'active' | 'retired';
  /** Unix seconds; 0 where nobody suspended it, or it was reinstated. */
  suspendedUntil: bigint;
  pendingPayout: { readonly payout: Hex; readonly holdsAt: bigint } | null;
  pendingOperator: { readonly operator: Hex; readonly holdsAt: bigint } | null;
};

export type StakeRow = { amount: bigint; thawing: bigint; frozen: bigint; proven: bigint; proposed: bigint; thawedAt: bigint };
export type SlashRow = {
  readonly stakeId: Hex;
  readonly amount: bigint;
  readonly reason: Hex;
  readonly objective: boolean;
  readonly executableAt: bigint;
  decideBy: bigint;
  state: 'proposed' | 'appealed' | 'executed' | 'dismissed';
};
export type StakeBook = {
  readonly stakes: Map<Hex, StakeRow>;
  readonly slashes: Map<Hex, SlashRow>;
  /** Slashed and not collected yet, wei. */
  owed: bigint;
  collected: bigint;
};

/** Bit i of `struck` is member i, whose signatures do not count since a review. */
export type EpochRow = {
  readonly scheme: Hex;
  readonly keysPointer: Hex;
  readonly operators: readonly Hex[];
  validUntil: bigint;
  struck: bigint;
};
export type MigrationPhase = 'open' | 'frozen' | 'sealed';

/** The books of the chain: rebuilt from events alone, and from nothing else. */
export type ChainBooks = {
  readonly context: BooksContext;
  /** Events taken in. */
  events: bigint;
  readonly credits: { supply: bigint; readonly venues: Map<Hex, bigint>; readonly balances: Map<Hex, bigint> };
  readonly vault: { readonly accounts: Map<Hex, Account>; readonly owed: Map<Hex, bigint>; held: bigint; owedTotal: bigint };
  readonly channels: Map<Hex, ChannelRow>;
  readonly claims: Map<Hex, ClaimRow>;
  readonly locks: Map<Hex, LockRow>;
  readonly sums: Map<Hex, ProviderSums>;
  readonly treasury: {
    splitVersion: bigint;
    readonly splits: Map<bigint, SplitRow>;
    /** By `providerId:epoch`. */
    readonly fees: Map<string, { volume: bigint; fees: bigint }>;
    readonly beneficiaries: Map<Hex, Hex>;
  };
  readonly lanes: Map<Hex, LaneRow>;
  readonly batches: Map<Hex, BatchRow>;
  /** Proven faults, by their proof: the slash that each led to. */
  readonly proofs: Map<Hex, { readonly laneId: Hex; readonly slashId: Hex }>;
  readonly providers: Map<Hex, ProviderRow>;
  readonly stakes: StakeBook;
  readonly escrow: StakeBook;
  readonly purchases: Map<
    Hex,
    { readonly buyer: Hex; readonly listingId: Hex; readonly quotaWei: bigint; readonly needed: bigint; readonly upgrades: bigint }
  >;
  readonly quorum: {
    current: bigint;
    readonly epochs: Map<bigint, EpochRow>;
    readonly schemes: Map<Hex, boolean>;
    readonly keys: Map<string, Hex>;
  };
  readonly params: {
    readonly values: Map<Hex, bigint>;
    readonly proposed: Map<Hex, { readonly value: bigint; readonly readyAt: bigint }>;
    pausedUntil: bigint;
  };
  readonly mints: {
    readonly modes: Map<Hex, bigint>;
    /** By `providerId:epoch`. */
    readonly minted: Map<string, bigint>;
    /** By `providerId:epoch`: what held at the first mint of the epoch. */
    readonly terms: Map<string, { readonly rate: bigint; readonly cap: bigint; readonly feesBps: bigint }>;
    readonly used: Set<Hex>;
    supply: bigint;
    readonly balances: Map<Hex, bigint>;
  };
  readonly orders: {
    readonly sold: Map<Hex, bigint>;
    readonly cancelled: Set<Hex>;
    /** By `maker:nonce`. */
    readonly nonces: Set<string>;
    readonly below: Map<Hex, bigint>;
    readonly tokens: Map<Hex, boolean>;
    feeBps: bigint;
  };
  readonly leaving: {
    phase: MigrationPhase;
    root: Hex | null;
    total: bigint;
    readonly entries: Map<bigint, { readonly owner: Hex; readonly recipient: Hex; amount: bigint }>;
  };
  readonly arriving: {
    phase: MigrationPhase;
    manifestId: Hex | null;
    root: Hex | null;
    total: bigint;
    bridged: bigint;
    claimed: bigint;
    readonly claims: Set<bigint>;
  };
  readonly capabilities: {
    readonly issuers: Map<Hex, { readonly tenantId: Hex; epoch: bigint; active: boolean }>;
    /** `issuer:id` */
    readonly revoked: Set<string>;
  };
  readonly places: Map<string, { readonly place: Hex; readonly codeHash: Hex }>;
  /** The first of them; `mismatchCount` tells how many there were. */
  readonly mismatches: Mismatch[];
  mismatchCount: bigint;
  /** Providers whose sums changed since the last closed block. */
  readonly touched: Set<Hex>;
};

export const MISMATCHES_KEPT_MAX = 100;
