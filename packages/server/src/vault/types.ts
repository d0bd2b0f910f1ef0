import type { AuditBundle, AuditEntry, Hex } from '@tallystick/core';
import type { GrantTime } from '#ground/grant-clock';

/** The immutables of a sealed record: bound into the seal as additional data; changing one byte makes the record unreadable. */
export type SealedMeta = {
  readonly id: string;
  readonly provider: string;
  /** `operator`, the 0x address of the donor whose signature `LimitChange` needs, or `account:` and the UUID of a donor without a wallet. */
  readonly donor: string;
  /** Tokens. */
  readonly ceiling: bigint;
  /** Unix ms; 0 = never. */
  readonly expiry: number;
  readonly epoch: number;
};

/** What the ledger hands out with a created hold (`SendPermit`). */
export type Ticket = {
  readonly holdId: string;
  readonly sourceId: string;
  readonly nonce: string;
  readonly epoch: string;
  readonly mac: string;
};

/**
 * Lowers what may be spent of a secret, or brings its expiry forward; never the reverse.
 * Signed by the donor's wallet (EIP-712, `limitChangeDigest`), or unsigned for the operator's own and for accounts.
 */
export type LimitChange = {
  readonly id: string;
  /** Above the last one's: `EffectiveLimits.seq`. */
  readonly seq: number;
  /** Tokens. */
  readonly limit: bigint;
  /** Unix ms; 0 = as before. */
  readonly expiry: number;
  readonly signature?: Hex;
};

/** `expiry`: Unix ms, 0 = never · `changes`: how many there were · `seq`: the last one's number, 0 before the first. */
export type EffectiveLimits = {
  readonly ceiling: bigint;
  readonly limit: bigint;
  readonly expiry: number;
  readonly changes: number;
  readonly seq: number;
};

/** `seq`, `spent` and `head` of an account in the books. */
export type AccountHead = { readonly accountId: string; readonly seq: bigint; readonly spent: bigint; readonly head: string };

/** An account that went back, changed, or is gone. `message` is for people and names the account. */
export type HeadFinding = { readonly accountId: string; readonly message: string };

/** `pending`: the generation that a start is about to write into the database; null when it has. */
export type Generation = { readonly current: number; readonly pending: number | null };

/** `shreddable`: slots are kept out of backups. `recoverable`: slots are backed up, destruction is claimed for this host only. */
export type ShredMode = 'shreddable' | 'recoverable';

/** That `line` (exact bytes of one line of the log, as text) stands at `index` in the log of `size` lines with `root`; see `verifyInclusion`. */
export type AuditProof = {
  readonly line: string;
  readonly index: number;
  readonly size: number;
  readonly path: readonly string[];
  readonly root: string;
};

/**
 * Keeps secrets. Every method but `audit…`, `has`, `list`, `derive`, `shred` and `close` throws TAMPERED while the audit log, the anchor
 * or the header do not agree: nothing is opened under limits that may have been edited. `auditVerify` then says what is wrong.
 */
export interface Vault {
  readonly mode: ShredMode;
  /**
   * Derives a 32-byte key for another room: HKDF(room root, salt `tallystick/v1`, info = purpose ‖ vault id). The room root is random and
   * wrapped under the master, so that these keys outlive a rotation of the master.
   */
  derive(purpose: string): Buffer;
  /** Tickets of this process epoch pass from now on; before, none do. @throws STATE_INVALID on a second, different epoch. */
  acceptEpoch(epoch: string): void;
  /**
   * Seals and zeroes `secret`. Durable when it resolves. An id is used once, ever.
   * @throws INPUT_INVALID, STATE_INVALID (the id was used), LEDGER_UNAVAILABLE (disk), TAMPERED.
   */
  seal(meta: SealedMeta, secret: Buffer): Promise<void>;
  /**
   * Opens the secret for one hold: verifies the ticket, spends it, calls `use` with a Buffer that is zeroed when `use` returns.
   * Synchronous on purpose: the plaintext never outlives the call. The ticket is spent even where opening fails.
   * @throws SECRET_UNAVAILABLE with `reason` in its facts (`permit_mac`, `permit_epoch`, `permit_spent`, `permit_old`, `unknown`,
   * `destroyed`, `expired`, `limit_zero`, `missing`), TAMPERED, and whatever `use` throws.
   */
  open<T>(ticket: Ticket, use: (secret: Buffer) => T): T;
  /** Also of a destroyed secret. @throws NOT_FOUND, TAMPERED. */
  limits(id: string): EffectiveLimits;
  /** @throws LIMIT_INVALID, NOT_FOUND, STATE_INVALID (destroyed), LEDGER_UNAVAILABLE, TAMPERED. */
  changeLimit(change: LimitChange): Promise<EffectiveLimits>;
  /**
   * Destroys the slot, then overwrites and unlinks both files. Idempotent; a shred that was cut short is finished at the next start.
   * From the call on the secret does not open. What it is worth: without the slot the record cannot be opened by anyone, master key
   * or not. The slot itself is a file: on SSDs, journals, snapshots and copies old blocks may survive overwriting, and only the device's own sanitising
   * reaches them (NIST SP 800-88r2). In mode `recoverable`, copies of slots exist on purpose, and destruction is claimed for this host only.
   * @throws NOT_FOUND, LEDGER_UNAVAILABLE (nothing is destroyed before its audit entry is durable).
   */
  shred(id: string, reason: string): Promise<void>;
  /** True while the secret is sealed here, not destroyed, and its record and slot are there (a backup may have come back without slots). */
  has(id: string): boolean;
  /** What was sealed here and not destroyed, by the audit log. */
  list(): readonly SealedMeta[];
  /**
   * Rewraps every record under a new master (32 bytes, not kept); secrets are not decrypted. The caller stores `next` durably *before*:
   * after a crash exactly one of the two opens the vault, and finishes or drops the rotation. Old copies of the files still open
   * under the old master: after a leak, also change the keys at the provider.
   * @returns the number of records. @throws TAMPERED, SECRET_UNAVAILABLE (a record or slot is missing: shred that secret first),
   * MASTER_KEY_INVALID, LEDGER_UNAVAILABLE.
   */
  rotateMaster(next: Buffer): Promise<number>;
  /**
   * What makes another host's vault one of this gateway: the same derived keys, with records, slots and a log of its own. Text for a file;
   * who has it can do nothing without the master key. @throws TAMPERED.
   */
  invitation(): string;
  /**
   * Appends to the Merkle audit log; durable when it resolves. The caller keeps secrets out of it.
   * @returns the entry's number. @throws INPUT_INVALID (also for the vault's own kinds), OVERLOADED, LEDGER_UNAVAILABLE.
   */
  audit(kind: string, subject: string, data: Readonly<Record<string, string | number | boolean>>): Promise<number>;
  /** At most 1,000 at a time. */
  auditEntries(from: number, limit: number): readonly AuditEntry[];
  /** Recomputes the log's tree and checks it against checkpoints, anchor and header; then every record. Empty = sound. */
  auditVerify(): readonly string[];
  /** @throws NOT_FOUND. */
  auditProof(seq: number): AuditProof;
  /** The numbers of all entries about a subject, oldest first. */
  auditAbout(subject: string): readonly number[];
  /**
   * Entries (at most 100) with what proves them to whoever has this vault's public key: the log is signed as it stands, if it was not yet.
   * @param since also proves that the log of that size is the beginning of the log now.
   * @throws NOT_FOUND, INPUT_INVALID, TAMPERED (a log that does not agree is not signed), LEDGER_UNAVAILABLE.
   */
  auditBundle(seqs: readonly number[], since?: number): Promise<AuditBundle>;
  /** Compares the ledger's heads with the last checkpoint: every account that went back, changed, or is gone. */
  checkHeads(heads: readonly AccountHead[]): readonly HeadFinding[];
  /** Remembers the heads outside the database. */
  checkpoint(heads: readonly AccountHead[]): Promise<void>;
  /** The generation kept outside database and backups; `current` is 0 at the first start and in a folder that was restored without its anchor. */
  generation(): Generation;
  setGeneration(value: Generation): Promise<void>;
  /** As it was remembered last, outside database and backups; null where it never was, also where the anchor is gone or was changed. */
  grantTime(): GrantTime | null;
  /** @throws TAMPERED, LEDGER_UNAVAILABLE. */
  rememberGrantTime(value: GrantTime): Promise<void>;
  close(): Promise<void>;
}
