import { createHash, createHmac } from 'node:crypto';
import { type ContentPurpose, type Hex, uuidBytes32 } from '@tallystick/core';

/**
 * The salted content hashes of `core`'s content-hash.ts, by OpenSSL: bodies of megabytes are hashed on the call's own path.
 * A test holds both to the same values.
 */
export class ContentSalts {
  readonly #saltKey: Buffer;
  readonly #callId: Buffer;

  /** @param secret the whole virtual key: only who holds it can make these salts again. */
  constructor(secret: string, callId: string) {
    this.#saltKey = createHmac('sha256', secret).update('tallystick/v1/salt').digest();
    this.#callId = Buffer.from(uuidBytes32(callId).slice(2), 'hex');
  }

  salt(purpose: ContentPurpose): Buffer {
    return createHmac('sha256', this.#saltKey).update(this.#callId).update(purpose).digest();
  }

  requestHash(body: Uint8Array): Hex {
    return `0x${createHash('sha256').update(this.salt('request')).update(body).digest('hex')}`;
  }
}
