import { createHmac, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { TallyError } from '@tallystick/core';
import { type Field, packFields } from './encoding.ts';

export const MASTER_BYTES = 32;
const SALT = 'tallystick/v1';
/** The head of an Ed25519 private key in PKCS #8 (RFC 8410); the 32-byte seed follows. */
const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex');

/**
 * HKDF-SHA-256 (RFC 5869) over one secret: extracted once with salt `tallystick/v1`, expanded per purpose.
 * Every output is 32 bytes, so one HMAC; info = purpose ‖ kek id ‖ context, length-prefixed.
 */
export class KeyRing {
  readonly kekId: string;
  readonly #prk: Buffer;

  /** @param secret 32 bytes; not kept, not zeroed. */
  constructor(secret: Buffer, kekId: string) {
    if (secret.length !== MASTER_BYTES) throw new TallyError('MASTER_KEY_INVALID', `The master key must have ${MASTER_BYTES} bytes.`);
    this.kekId = kekId;
    this.#prk = createHmac('sha256', SALT).update(secret).digest();
  }

  /** @returns 32 bytes; the caller zeroes them. */
  expand(purpose: string, context: readonly Field[] = []): Buffer {
    const info = packFields(purpose, [this.kekId, ...context]);
    const key = createHmac('sha256', this.#prk).update(info).update(ONE).digest();
    info.fill(0);
    return key;
  }

  /** The Ed25519 key that signs the audit log's checkpoints. */
  signer(): { readonly key: KeyObject; readonly publicHex: string } {
    const seed = this.expand('tallystick/vault/audit-signer');
    const der = Buffer.concat([PKCS8_ED25519, seed]);
    const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    der.fill(0);
    seed.fill(0);
    const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
    return { key, publicHex: spki.subarray(-32).toString('hex') };
  }

  /** Tells a wrong key from a right one without trying it on a record. 16 bytes, hex. */
  checkValue(): string {
    const value = this.expand('tallystick/vault/key-check');
    return value.subarray(0, 16).toString('hex');
  }

  destroy(): void {
    this.#prk.fill(0);
  }
}

const ONE = Buffer.from([1]);
const SPKI_ED25519 = Buffer.from('302a300506032b6570032100', 'hex');

/** @param hex 32 bytes. @throws TAMPERED */
export function ed25519PublicKey(hex: string): KeyObject {
  if (!/^[0-9a-f]{64}$/.test(hex)) throw new TallyError('TAMPERED');
  return createPublicKey({ key: Buffer.concat([SPKI_ED25519, Buffer.from(hex, 'hex')]), format: 'der', type: 'spki' });
}
