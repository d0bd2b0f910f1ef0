import { createHmac } from 'node:crypto';

/** What a send permit is bound to. */
export type PermitFields = { readonly holdId: string; readonly sourceId: string; readonly nonce: string; readonly epoch: string };

const LENGTH_BYTES = 4;

/**
 * The MAC of a send permit: HMAC-SHA-256 over the length-prefixed fields. The ledger makes it, the vault checks it
 * (in constant time, and once per hold); neither imports the other.
 * @param key the ticket key, 32 bytes.
 * @returns 64 hex characters.
 */
export function permitMac(key: Buffer, p: PermitFields): string {
  const fields = ['tally-permit/1', p.holdId, p.sourceId, p.nonce, p.epoch];
  const bytes = Buffer.alloc(fields.reduce((sum, field) => sum + LENGTH_BYTES + Buffer.byteLength(field), 0));
  let at = 0;
  for (const field of fields) {
    const written = bytes.write(field, at + LENGTH_BYTES);
    at = bytes.writeUInt32BE(written, at) + written;
  }
  return createHmac('sha256', key).update(bytes).digest('hex');
}
