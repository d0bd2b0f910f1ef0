import { TallyError } from '@tallystick/core';
import { packFields, unpackFields } from './encoding.ts';
import type { SealedMeta } from './types.ts';

/**
 * A sealed record, format v1 (frozen by `vectors/seal-v1.json`), big-endian:
 *
 * | bytes | what |
 * |---|---|
 * | 8 | `TSSEAL01` |
 * | 2 + n | the immutables, packed: the additional data of the secret's seal |
 * | 8 | kek id: outside the additional data, so that a rotation of the master need not touch the secret's seal |
 * | 24 + 48 | XChaCha20-Poly1305 nonce, wrapped data key with its tag |
 * | 12 | AES-256-GCM nonce |
 * | 4 + m | secret's ciphertext with its 16-byte tag |
 * | 32 | HMAC-SHA-256 over all of the above |
 */
export type SealedRecord = {
  readonly meta: SealedMeta;
  readonly aad: Buffer;
  readonly kekId: string;
  readonly wrapNonce: Buffer;
  readonly wrappedKey: Buffer;
  readonly nonce: Buffer;
  readonly ciphertext: Buffer;
};

export const MAC_BYTES = 32;
export const SECRET_BYTES_MAX = 65_536;
const MAGIC = Buffer.from('TSSEAL01', 'latin1');
const META_DOMAIN = 'tallystick/seal/v1';

/** The record without its MAC. */
export function encodeRecord(record: Omit<SealedRecord, 'meta'>): Buffer {
  const aadLength = Buffer.alloc(2);
  aadLength.writeUInt16BE(record.aad.length);
  const textLength = Buffer.alloc(4);
  textLength.writeUInt32BE(record.ciphertext.length);
  const { aad, wrapNonce, wrappedKey, nonce, ciphertext } = record;
  return Buffer.concat([MAGIC, aadLength, aad, Buffer.from(record.kekId, 'hex'), wrapNonce, wrappedKey, nonce, textLength, ciphertext]);
}

/** Splits a record's bytes (its MAC is not looked at). @throws TAMPERED on any other shape. */
export function decodeRecord(bytes: Buffer): SealedRecord {
  let at = 0;
  const take = (length: number): Buffer => {
    if (at + length > bytes.length - MAC_BYTES) throw new TallyError('TAMPERED');
    at += length;
    return bytes.subarray(at - length, at);
  };
  if (!take(MAGIC.length).equals(MAGIC)) throw new TallyError('TAMPERED');
  const aad = take(take(2).readUInt16BE());
  const kekId = take(8).toString('hex');
  const [wrapNonce, wrappedKey, nonce] = [take(24), take(48), take(12)];
  const ciphertext = take(take(4).readUInt32BE());
  if (at !== bytes.length - MAC_BYTES) throw new TallyError('TAMPERED');
  return { meta: decodeMeta(aad), aad, kekId, wrapNonce, wrappedKey, nonce, ciphertext };
}

export function encodeMeta(meta: SealedMeta): Buffer {
  return packFields(META_DOMAIN, [meta.id, meta.provider, meta.donor, meta.ceiling, meta.expiry, meta.epoch]);
}

function decodeMeta(aad: Buffer): SealedMeta {
  const [id, provider, donor, ceiling, expiry, epoch] = unpackFields(aad, META_DOMAIN, 6) as [
    Buffer,
    Buffer,
    Buffer,
    Buffer,
    Buffer,
    Buffer,
  ];
  if (ceiling.length !== 8 || expiry.length !== 8 || epoch.length !== 8) throw new TallyError('TAMPERED');
  return {
    id: id.toString('utf8'),
    provider: provider.toString('utf8'),
    donor: donor.toString('utf8'),
    ceiling: ceiling.readBigUInt64BE(),
    expiry: Number(expiry.readBigUInt64BE()),
    epoch: Number(epoch.readBigUInt64BE()),
  };
}
