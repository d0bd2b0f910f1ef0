/** A limit on everything that could grow. */
export const LIMITS = {
  /** Accounts that one hold may name. */
  holdLinesMax: 16,
  /** Groups that each hold on a source names: beside them are the source, its minutes, and the caller's accounts. */
  groupsMax: 8,
  /** Classes of billed units in one receipt. */
  usageLinesMax: 32,
  /** Ids, names, reasons, references: UTF-16 code units. */
  textMax: 512,
  /** A source's models or tariff, a key's list of sources: UTF-16 code units of JSON. */
  jsonMax: 1_048_576,
  /** `detail` of a hold or a settlement: UTF-16 code units of canonical JSON. */
  detailMax: 8_192,
  /** Operations in one transaction. */
  batchMax: 1_024,
  /** Queued operations above which a new hold is refused. */
  queueHoldsMax: 8_192,
  /** Queued operations above which everything is refused: settlements have room left where holds have none. */
  queueMax: 32_768,
  /** Holds open at a time. */
  openHoldsMax: 20_000,
  /** Reservations open at a time. */
  openReservationsMax: 10_000,
  /** Accounts remembered by the writer. */
  accountsRemembered: 100_000,
  /** One sealed answer, bytes: the most that a gateway may be told to keep, and its frame. */
  replayBytesMax: 16_842_752,
  /** Sealed answers kept at a time, and their bytes in all: the oldest are dropped for new ones. */
  replaysMax: 10_000,
  replayBytesAllMax: 268_435_456,
  /** Sealed answers dropped in one transaction. */
  replayDropBatch: 256,
  /** Postings that one reconciliation goes through, each checked: a second or so in the writer, where calls wait behind it. */
  reconcilePostingsMax: 25_000,
  /** Rows that an archive has, removed from the books in one transaction: what a call may have to wait behind. */
  archiveRemoveBatch: 500,
  /** Records written at once, all or none; one body, bytes of UTF-8; records in one answer. */
  recordWritesMax: 16,
  recordBodyBytesMax: 4_194_304,
  recordsMax: 1_000,
  /** Rows in one answer of a read. */
  rowsMax: 10_000,
  /** Holds burned in one transaction when the books are opened. */
  burnBatch: 1_000,
} as const;
