import { createCipheriv, createDecipheriv } from 'node:crypto';
import { TallyError } from '@tallystick/core';
import { randomHex } from '#ground/ids';

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const DOMAIN = 'tallystick/v1/pool-content';

/**
 * Task texts, conversations and results at rest: `nonce (12) ‖ AES-256-GCM ‖ tag (16)` in base64, bound to the record that they stand in.
 * It keeps what people ask of the pool out of the database and its backups; the daemon itself can read it.
 */
export class ContentSeal {
  readonly #key: Buffer;

  /** @param key 32 bytes. */
  constructor(key: Buffer) {
    this.#key = key;
  }

  seal(kind: string, id: string, text: string): string {
    const nonce = Buffer.from(randomHex(NONCE_BYTES), 'hex');
    const cipher = createCipheriv(CIPHER, this.#key, nonce).setAAD(boundTo(kind, id));
    return Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString('base64');
  }

  /** @throws TAMPERED */
  open(kind: string, id: string, sealed: string): string {
    const bytes = Buffer.from(sealed, 'base64');
    try {
      const end = bytes.length - TAG_BYTES;
      const nonce = bytes.subarray(0, NONCE_BYTES);
      const cipher = createDecipheriv(CIPHER, this.#key, nonce, { authTagLength: TAG_BYTES });
      cipher.setAAD(boundTo(kind, id)).setAuthTag(bytes.subarray(end));
      return Buffer.concat([cipher.update(bytes.subarray(NONCE_BYTES, end)), cipher.final()]).toString('utf8');
    } catch (cause) {
      throw new TallyError('TAMPERED', 'The text of a task does not match its seal.', {}, { cause });
    }
  }
}

function boundTo(kind: string, id: string): Buffer {
  return Buffer.from(`${DOMAIN}\n${kind}\n${id}`);
}
