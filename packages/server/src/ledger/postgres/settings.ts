/** How sessions of the ledger connect, and how long they wait. */
export const CONNECT = {
  connectTimeoutMs: 5_000,
  /** A batch that takes longer is given up, and its locks with it. */
  statementTimeoutMs: 10_000,
  /** A server that says nothing for so long is taken for gone. */
  answerTimeoutMs: 15_000,
} as const;

/** How long the writer waits for what, ms. */
export type Timing = {
  readonly answerTimeoutMs: number;
  /** A writer that stops in the middle of a transaction keeps its locks no longer than this: less than others wait for a lock. */
  readonly idleInTransactionMs: number;
  /** Before the first try to connect again, and at most. */
  readonly reconnectMs: number;
  readonly reconnectMaxMs: number;
  /** An old session of ours may still be ending: for so long its lane's lock is waited for before all is tried again. */
  readonly laneWaitMs: number;
  /** How often other epochs are looked at, and for how long one must have been without its lock. */
  readonly sweepMs: number;
  readonly deadAfterMs: number;
  /** For so long the other writers may take to say, on a server that is not the one before, whether their commits are there. */
  readonly rollCallMs: number;
  /** A writer that is closed while the database is away tries for so long to do what has waited. */
  readonly closingMs: number;
};

export const TIMING: Timing = {
  answerTimeoutMs: CONNECT.answerTimeoutMs,
  idleInTransactionMs: 4_000,
  reconnectMs: 50,
  reconnectMaxMs: 2_000,
  laneWaitMs: 15_000,
  sweepMs: 5_000,
  deadAfterMs: 10_000,
  rollCallMs: 30_000,
  closingMs: 5_000,
};
