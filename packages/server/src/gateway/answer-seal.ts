import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import { uuidBytes32 } from '@tallystick/core';
import { randomHex } from '#ground/ids';
import type { KeptAnswer } from './answer-copy.ts';

/** What a seal is bound to. A seal that is put beside another receipt, or lives longer, does not open. */
export type SealBinding = {
  /** UUID. */
  readonly callId: string;
  /** 32 hex characters. */
  readonly receiptId: string;
  /** Unix ms. */
  readonly expiresAt: number;
};

const DOMAIN = 'tallystick/v1/replay';
const CIPHER = 'aes-256-gcm';
const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const FRAME_BYTES = 1 + NONCE_BYTES + TAG_BYTES;

/**
 * Seals an answer under its caller's own virtual key, of which the gateway keeps a hash only: so neither the operator nor a copy of the books
 * can open it. Each call has a key of its own.
 *
 * `version (1) ‖ nonce (12) ‖ AES-256-GCM ‖ tag (16)`, over `length of head (4) ‖ head as JSON ‖ body`.
 * @param secret the whole virtual key.
 */
export function sealAnswer(secret: string, binding: SealBinding, { status, headers, body }: KeptAnswer): Uint8Array {
  const nonce = Buffer.from(randomHex(NONCE_BYTES), 'hex');
  const cipher = createCipheriv(CIPHER, sealKey(secret, binding), nonce).setAAD(boundTo(binding));
  const head = Buffer.from(JSON.stringify({ status, headers }));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(head.length);
  const sealed = [cipher.update(length), cipher.update(head), cipher.update(body), cipher.final()];
  return Buffer.concat([Buffer.of(VERSION), nonce, ...sealed, cipher.getAuthTag()]);
}

/** @returns null where the seal is not this key's, is bound to something else, or was changed. */
export function openAnswer(secret: string, binding: SealBinding, sealed: Uint8Array): KeptAnswer | null {
  if (sealed.length < FRAME_BYTES || sealed[0] !== VERSION) return null;
  try {
    return opened(secret, binding, sealed);
  } catch {
    // Not this seal; or a binding of no possible form, which is no other case: the books were changed.
    return null;
  }
}

function opened(secret: string, binding: SealBinding, sealed: Uint8Array): KeptAnswer {
  const end = sealed.length - TAG_BYTES;
  const nonce = sealed.subarray(1, 1 + NONCE_BYTES);
  const cipher = createDecipheriv(CIPHER, sealKey(secret, binding), nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(boundTo(binding)).setAuthTag(sealed.subarray(end));
  const plain = cipher.update(sealed.subarray(1 + NONCE_BYTES, end));
  cipher.final();
  const bodyAt = 4 + plain.readUInt32BE(0);
  const { status, headers } = JSON.parse(plain.toString('utf8', 4, bodyAt)) as Omit<KeptAnswer, 'body'>;
  return { status, headers, body: plain.subarray(bodyAt) };
}

function sealKey(secret: string, { callId }: SealBinding): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, Buffer.from(uuidBytes32(callId).slice(2), 'hex'), DOMAIN, 32));
}

/** Domain ‖ receipt id (16 bytes) ‖ expiry (8 bytes). */
function boundTo({ receiptId, expiresAt }: SealBinding): Buffer {
  const expiry = Buffer.alloc(8);
  expiry.writeBigUInt64BE(BigInt(expiresAt));
  return Buffer.concat([Buffer.from(DOMAIN), Buffer.from(receiptId, 'hex'), expiry]);
}
