import { createHmac } from 'node:crypto';

/** What a send permit is bound to. */
export type PermitFields = { readonly holdId: string; readonly sourceId: string; readonly nonce: string; readonly epoch: string };

/**
 * The MAC of a send permit: HMAC-SHA-256 over the length-prefixed fields. The ledger makes it, the vault checks it
 * (in constant time, and once per hold); neither imports the other.
 * @param key the ticket key, 32 bytes.
 * @returns 64 hex characters.
 */
export function permitMac(key: Buffer, p: PermitFields): string {
  const mac = createHmac('sha256', key);
  for (const field of ['tally-permit/1', p.holdId, p.sourceId, p.nonce, p.epoch]) {
    const bytes = Buffer.from(field, 'utf8');
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    mac.update(length).update(bytes);
  }
  return mac.digest('hex');
}
