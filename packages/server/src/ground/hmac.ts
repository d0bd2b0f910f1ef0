import { hash, type KeyObject } from 'node:crypto';

const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;
/** UTF-8 takes at most so many bytes for one UTF-16 code unit. */
const UNIT_BYTES_MAX = 3;

/** The two blocks that HMAC puts in front of what it digests, each with room behind it. */
type Blocks = { inner: Buffer; readonly outer: Buffer };
const blocksOfKey = new WeakMap<KeyObject, Blocks>();

/**
 * HMAC-SHA-256 (RFC 2104) as `createHmac` makes it, of one text, under a key that is used again and again: it is two digests, and an `Hmac` object
 * costs more than both.
 * @param key of at most 64 bytes.
 * @returns 64 hex characters.
 */
export function hmacSha256Hex(key: KeyObject, text: string): string {
  const blocks = blocksOf(key);
  const { outer } = blocks;
  const bytesMax = BLOCK_BYTES + text.length * UNIT_BYTES_MAX;
  if (blocks.inner.length < bytesMax) blocks.inner = Buffer.concat([blocks.inner.subarray(0, BLOCK_BYTES)], bytesMax);
  const bytes = BLOCK_BYTES + blocks.inner.write(text, BLOCK_BYTES);
  outer.write(hash('sha256', blocks.inner.subarray(0, bytes), 'hex'), BLOCK_BYTES, 'hex');
  return hash('sha256', outer, 'hex');
}

function blocksOf(key: KeyObject): Blocks {
  const known = blocksOfKey.get(key);
  if (known !== undefined) return known;
  const raw = key.export();
  if (raw.length > BLOCK_BYTES) throw new RangeError('a key of an HMAC is at most one block long');
  const blocks: Blocks = { inner: Buffer.alloc(BLOCK_BYTES, 0x36), outer: Buffer.alloc(BLOCK_BYTES + DIGEST_BYTES, 0x5c) };
  for (const [at, byte] of raw.entries()) {
    blocks.inner[at] = byte ^ 0x36;
    blocks.outer[at] = byte ^ 0x5c;
  }
  raw.fill(0);
  blocksOfKey.set(key, blocks);
  return blocks;
}
