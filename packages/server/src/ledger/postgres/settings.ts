/** How sessions of the ledger connect, and how long they wait. */
export const CONNECT = {
  connectTimeoutMs: 5_000,
  /** A batch that takes longer is given up, and its locks with it. */
  statementTimeoutMs: 10_000,
  /** A server that says nothing for so long is taken for gone. */
  answerTimeoutMs: 15_000,
} as const;
