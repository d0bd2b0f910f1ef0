import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto';
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { TallyError } from '@tallystick/core';
import { packFields } from './encoding.ts';
import { KeyRing } from './keys.ts';
import { decodeRecord, encodeMeta, encodeRecord, MAC_BYTES, type SealedRecord } from './record.ts';
import type { SealedMeta } from './types.ts';
import { xchachaDecrypt } from './xchacha.ts';

export type Random = (bytes: number) => Buffer;

const TAG_BYTES = 16;

/**
 * The keys of one master generation. Layer 2 hangs on the master *and* the slot; layer 3 on the second root where there is one.
 * Without a second root the layers are three mechanisms over one root, and we claim no more.
 */
export class SealKeys {
  readonly kekId: string;
  readonly #master: KeyRing;
  readonly #macKey: Buffer;

  constructor(master: KeyRing, secondRoot?: Buffer) {
    this.kekId = master.kekId;
    this.#master = master;
    const root = secondRoot === undefined ? master : new KeyRing(secondRoot, master.kekId);
    this.#macKey = root.expand('tallystick/vault/record-mac');
    if (root !== master) root.destroy();
  }

  /** KEK = HKDF(master, slot ‖ id). The caller zeroes it. */
  kek(slot: Buffer, id: string): Buffer {
    return this.#master.expand('tallystick/vault/kek', [slot, id]);
  }

  mac(bytes: Buffer): Buffer {
    return createHmac('sha256', this.#macKey).update(bytes).digest();
  }

  destroy(): void {
    this.#macKey.fill(0);
  }
}

/** Seals `secret` (left as it is) under a fresh data key. @returns the record's bytes. */
export function sealRecord(keys: SealKeys, slot: Buffer, meta: SealedMeta, secret: Buffer, random: Random): Buffer {
  const dataKey = random(32);
  const aad = encodeMeta(meta);
  const wrap = wrapKey(keys, slot, meta.id, dataKey, random);
  const nonce = random(12);
  const cipher = createCipheriv('aes-256-gcm', dataKey, nonce);
  cipher.setAAD(aad);
  const ciphertext = Buffer.concat([cipher.update(secret), cipher.final(), cipher.getAuthTag()]);
  dataKey.fill(0);
  return withMac(keys, encodeRecord({ aad, kekId: keys.kekId, ...wrap, nonce, ciphertext }));
}

/**
 * Checks the MAC over the whole record and takes it apart.
 * @throws TAMPERED on any other bytes than `sealRecord` gave under these keys.
 */
export function verifyRecord(keys: SealKeys, bytes: Buffer): SealedRecord {
  if (bytes.length <= MAC_BYTES) throw new TallyError('TAMPERED');
  const expected = keys.mac(bytes.subarray(0, -MAC_BYTES));
  if (!timingSafeEqual(expected, bytes.subarray(-MAC_BYTES))) throw new TallyError('TAMPERED');
  const record = decodeRecord(bytes);
  if (record.kekId !== keys.kekId) throw new TallyError('TAMPERED');
  return record;
}

/** @returns the secret, which the caller zeroes. @throws TAMPERED where slot, wrap or seal do not fit together. */
export function openRecord(keys: SealKeys, slot: Buffer, record: SealedRecord): Buffer {
  const dataKey = unwrapKey(keys, slot, record);
  const decipher = createDecipheriv('aes-256-gcm', dataKey, record.nonce, { authTagLength: TAG_BYTES });
  dataKey.fill(0);
  decipher.setAAD(record.aad);
  decipher.setAuthTag(record.ciphertext.subarray(-TAG_BYTES));
  const secret = decipher.update(record.ciphertext.subarray(0, -TAG_BYTES));
  try {
    decipher.final();
    return secret;
  } catch {
    secret.fill(0);
    throw new TallyError('TAMPERED');
  }
}

/** The same sealed secret, its data key wrapped under another master. The secret itself is not decrypted. */
export function rewrapRecord(from: SealKeys, to: SealKeys, slot: Buffer, record: SealedRecord, random: Random): Buffer {
  const dataKey = unwrapKey(from, slot, record);
  const wrap = wrapKey(to, slot, record.meta.id, dataKey, random);
  dataKey.fill(0);
  return withMac(to, encodeRecord({ ...record, kekId: to.kekId, ...wrap }));
}

function withMac(keys: SealKeys, body: Buffer): Buffer {
  return Buffer.concat([body, keys.mac(body)]);
}

function wrapKey(keys: SealKeys, slot: Buffer, id: string, dataKey: Buffer, random: Random) {
  const kek = keys.kek(slot, id);
  const wrapNonce = random(24);
  const wrappedKey = Buffer.from(xchacha20poly1305(kek, wrapNonce, wrapAad(id)).encrypt(dataKey));
  kek.fill(0);
  return { wrapNonce, wrappedKey };
}

function unwrapKey(keys: SealKeys, slot: Buffer, record: SealedRecord): Buffer {
  const kek = keys.kek(slot, record.meta.id);
  try {
    return xchachaDecrypt(kek, record.wrapNonce, wrapAad(record.meta.id), record.wrappedKey);
  } catch {
    throw new TallyError('TAMPERED');
  } finally {
    kek.fill(0);
  }
}

function wrapAad(id: string): Buffer {
  return packFields('tallystick/seal/v1/data-key', [id]);
}
