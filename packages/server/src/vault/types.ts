import type { Hex } from '@tallystick/core';

/** The immutables of a sealed record: bound into the seal as additional data; changing one byte makes the record unreadable. */
export type SealedMeta = {
  readonly id: string;
  readonly provider: string;
  /** `operator`, or the 0x address of the donor whose signature `LimitChange` needs. */
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

/** Lowers (never raises above the minimum so far) what may be spent of a secret. Donor-signed (EIP-712), or by the operator for the operator's own. */
export type LimitChange = {
  readonly id: string;
  readonly seq: number;
  readonly limit: bigint;
  readonly expiry: number;
  readonly signature?: Hex;
};

export type EffectiveLimits = { readonly ceiling: bigint; readonly limit: bigint; readonly expiry: number; readonly changes: number };

export type AccountHead = { readonly accountId: string; readonly seq: bigint; readonly spent: bigint; readonly head: string };

/** `shreddable`: slots are kept out of backups. `recoverable`: slots are backed up, destruction is claimed for this host only. */
export type ShredMode = 'shreddable' | 'recoverable';

export type AuditEntry = {
  readonly seq: number;
  readonly at: number;
  readonly kind: string;
  readonly subject: string;
  readonly data: Readonly<Record<string, string | number | boolean>>;
};

export interface Vault {
  readonly mode: ShredMode;
  /** Derives a 32-byte key for another room: HKDF(master, salt `tallystick/v1`, info = purpose ‖ kek id). */
  derive(purpose: string): Buffer;
  /** Seals and zeroes `secret`. Durable when it resolves. */
  seal(meta: SealedMeta, secret: Buffer): Promise<void>;
  /**
   * Opens the secret for one hold: verifies the ticket, spends it, calls `use` with a Buffer that is zeroed when `use` returns.
   * Synchronous on purpose: the plaintext never outlives the call.
   */
  open<T>(ticket: Ticket, use: (secret: Buffer) => T): T;
  limits(id: string): EffectiveLimits;
  changeLimit(change: LimitChange): Promise<EffectiveLimits>;
  /** Destroys the slot, overwrites and unlinks the sealed file. Idempotent. */
  shred(id: string, reason: string): Promise<void>;
  has(id: string): boolean;
  list(): readonly SealedMeta[];
  /** Rewraps every record under a new master; record contents are not decrypted. */
  rotateMaster(next: Buffer): Promise<number>;
  /** Appends to the Merkle audit log; durable when it resolves. */
  audit(kind: string, subject: string, data: Readonly<Record<string, string | number | boolean>>): Promise<number>;
  auditEntries(from: number, limit: number): readonly AuditEntry[];
  /** Recomputes the log's tree and checks it against the signed checkpoints. Empty = sound. */
  auditVerify(): readonly string[];
  /** Compares the ledger's heads with the last checkpoint: every account that went back, or is gone. */
  checkHeads(heads: readonly AccountHead[]): readonly string[];
  /** Remembers the heads outside the database. */
  checkpoint(heads: readonly AccountHead[]): Promise<void>;
  /** The generation kept outside database and backups. */
  generation(): { readonly current: number; readonly pending: number | null };
  setGeneration(value: { readonly current: number; readonly pending: number | null }): Promise<void>;
  close(): Promise<void>;
}
