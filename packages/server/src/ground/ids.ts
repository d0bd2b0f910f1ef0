import { randomBytes } from 'node:crypto';

/** Random bytes for ids are drawn many at a time: one draw costs microseconds, and each call needs several ids. */
const POOL_BYTES = 4096;
let pool = Buffer.alloc(0);

/** The next `bytes` of the pool. They are zeroed there once the caller is done with its copy, so that no id is handed out twice. */
function draw(bytes: number): Buffer {
  if (pool.length < bytes) pool = randomBytes(Math.max(POOL_BYTES, bytes));
  const taken = pool.subarray(0, bytes);
  pool = pool.subarray(bytes);
  return taken;
}

/** @returns `bytes` random bytes as lower-case hex without a prefix. */
export function randomHex(bytes: number): string {
  const drawn = draw(bytes);
  const hex = drawn.toString('hex');
  drawn.fill(0);
  return hex;
}

/**
 * 48 bits of time and 80 random bits. Nobody guesses one, and those of one time lie together: an index of many millions of them is written at
 * its end, not all over.
 * @param wallMs Unix ms.
 * @returns 32 characters of lower-case hex.
 */
export function timedHex(wallMs: number): string {
  const drawn = draw(16);
  drawn.writeUIntBE(wallMs, 0, 6);
  const hex = drawn.toString('hex');
  drawn.fill(0);
  return hex;
}

/** A secret is drawn for itself. @returns `bytes` random bytes as base64url: what a person copies, without characters that a shell or URL would mind. */
export function randomToken(bytes: number): string {
  return randomBytes(bytes).toString('base64url');
}

/**
 * A UUID version 7 (RFC 9562): 48 bits of time, 74 random bits. Ids that sort by time keep the indexes of the books compact.
 * @param wallMs Unix ms.
 */
export function uuidv7(wallMs: number): string {
  const bytes = draw(16);
  bytes.writeUIntBE(wallMs, 0, 6);
  bytes[6] = 0x70 | ((bytes[6] as number) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] as number) & 0x3f);
  const hex = bytes.toString('hex');
  bytes.fill(0);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
