/** Receipts of one lane that are in an archive. */
export type LaneSpan = { readonly laneNo: bigint; readonly seqFrom: bigint; readonly seqTo: bigint };

/** What operator accounts received in the archived months: amount and number of postings, by account. */
export type OperatorTotals = Readonly<Record<string, readonly [amount: string, postings: number]>>;

/**
 * What stays of all months up to one: sums of keyed MACs (64 hex characters) over each account's last two postings, over the holds of the
 * archived receipts, and over the archived reconciliations.
 */
export type Sums = { readonly kept: string; readonly holds: string; readonly reconciliations: string; readonly operators: OperatorTotals };

/** What an archived month ties to: the checkpoint before it. Month 0 and an empty MAC: there is none. */
export type Checkpoint = Sums & { readonly month: number; readonly mac: string };

/** One archived month: what is in its file, and the checkpoint after it. */
export type ArchiveContents = Sums & {
  /** yyyymm. */
  readonly month: number;
  readonly postings: number;
  readonly receipts: number;
  readonly roots: number;
  readonly events: number;
  readonly lanes: readonly LaneSpan[];
};

/** An archive whose file is written, before the books have it. */
export type ArchiveDraft = ArchiveContents & {
  /** SHA-256 of the file, hex. */
  readonly fileHash: string;
  readonly bytes: number;
  readonly previousMac: string;
};

/** `sealed`: its file is whole, its rows may still be in the books · `removed`: they are gone · `done`: the audit log has it. */
export type ArchiveState = 'sealed' | 'removed' | 'done';

export type Archive = ArchiveDraft & { readonly state: ArchiveState; readonly sealedAt: number; readonly mac: string };

export type ArchiveQuestion = {
  /** yyyymm: only months before it. */
  readonly before: number;
  /** Whole months before the present one that stay in the books. */
  readonly keepMonths: number;
};

export type ArchiveOutcome =
  | { readonly result: 'sealed'; readonly archive: Archive }
  /** The next month cannot be archived yet. */
  | { readonly result: 'refused'; readonly month: number; readonly why: string }
  /** No month before the one asked for is in the books. */
  | { readonly result: 'nothing' };

/** Closed months: from the books into files, and read from there. */
export type LedgerArchives = {
  /** All archives, oldest first. */
  list(): Promise<readonly Archive[]>;
  /**
   * What `seal` would do, without doing it.
   * @returns the month that it would archive, or why none.
   */
  next(question: ArchiveQuestion): Promise<ArchiveOutcome | { readonly result: 'ready'; readonly month: number }>;
  /**
   * Writes the oldest month into a file, verifies that, and ties its hash into the books. Nothing is removed. A month that is sealed and not
   * removed yet is given back as it is. @throws TAMPERED, ARCHIVE_MISSING
   */
  seal(question: ArchiveQuestion): Promise<ArchiveOutcome>;
  /** Removes the rows of a sealed month, so few at a time that no call waits long. Idempotent. @throws ARCHIVE_MISSING, TAMPERED, NOT_FOUND */
  remove(month: number): Promise<void>;
  /** The audit log has it. Idempotent. */
  finish(month: number): Promise<void>;
  /** Verifies a file by itself, and against the books where they know its month. @returns one sentence per finding. @throws ARCHIVE_MISSING */
  verify(file: string): Promise<readonly string[]>;
  /** What is wrong with the files themselves: gone, or changed. Reads each as a whole. */
  faults(): Promise<readonly string[]>;
  /** Where the files are, and the name of a month's. */
  readonly folder: string;
  fileOf(month: number): string;
};
