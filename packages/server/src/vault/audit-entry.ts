import { createHmac, timingSafeEqual } from 'node:crypto';
import { type AuditEntry, type AuditLine, canonicalJson, type JsonObject, readAuditLine, TallyError } from '@tallystick/core';
import { packFields } from './encoding.ts';

/** Longest line of the audit log, with its line end. */
export const LINE_BYTES_MAX = 8192;
export type AuditData = AuditEntry['data'];

/**
 * Makes and checks the lines of one vault's log. A line is the entry's canonical JSON with a `mac` over the rest and over the vault's
 * id: the tree finds every change below a signed checkpoint, the MAC also finds one above it. Both end at a cut-off end: see `audit-log.ts`.
 */
export class LineCodec {
  readonly #key: Buffer;
  readonly #vaultId: string;

  constructor(key: Buffer, vaultId: string) {
    this.#key = key;
    this.#vaultId = vaultId;
  }

  /** @returns the line without its line end. */
  encode(entry: AuditEntry): Buffer {
    return Buffer.from(canonicalJson({ ...plain(entry), mac: this.#mac(entry) }));
  }

  /** True where the line's MAC is that of its entry. */
  isGenuine(line: DecodedLine): boolean {
    const given = Buffer.from(line.mac, 'hex');
    const expected = Buffer.from(this.#mac(line.entry), 'hex');
    return given.length === expected.length && timingSafeEqual(given, expected);
  }

  destroy(): void {
    this.#key.fill(0);
  }

  #mac(entry: AuditEntry): string {
    return createHmac('sha256', this.#key)
      .update(packFields('tallystick/audit-line/v1', [this.#vaultId, canonicalJson(plain(entry))]))
      .digest('hex');
  }
}

export type DecodedLine = AuditLine;

/** @returns null where the bytes are not one entry in its canonical form. */
export function decodeLine(line: Buffer): DecodedLine | null {
  const text = line.toString('utf8');
  // Bytes that are no UTF-8 would be read as others than they are.
  return Buffer.from(text).equals(line) ? readAuditLine(text) : null;
}

/** @throws INPUT_INVALID where an entry could not be kept as it is. */
export function checkEntry(kind: string, subject: string, data: AuditData): void {
  if (!/^[a-z0-9_.-]{1,64}$/.test(kind))
    throw new TallyError('INPUT_INVALID', 'An audit entry’s kind is 1 to 64 of a-z, 0-9, dot, dash and underscore.');
  for (const value of Object.values(data)) {
    const scalar = typeof value === 'string' || typeof value === 'boolean' || Number.isSafeInteger(value);
    if (!scalar) throw new TallyError('INPUT_INVALID', 'An audit entry holds strings, safe integers and booleans only.');
  }
  // 256 bytes are left for the fields that are added.
  if (Buffer.byteLength(canonicalJson({ kind, subject, data })) > LINE_BYTES_MAX - 256) {
    throw new TallyError('INPUT_INVALID', 'The audit entry is too large.', { bytes_max: LINE_BYTES_MAX - 256 });
  }
}

function plain(entry: AuditEntry): JsonObject {
  return { at: entry.at, data: entry.data, kind: entry.kind, seq: entry.seq, subject: entry.subject };
}
