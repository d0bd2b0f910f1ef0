import { createHmac, createSecretKey } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hmacSha256Hex } from './hmac.ts';

describe('hmacSha256Hex', () => {
  it('is what createHmac makes, whatever was digested under the key before', () => {
    const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.string({ unit: 'grapheme', maxLength: 3000, size: 'max' }));
    const property = (bytes: Uint8Array, texts: readonly string[]) => {
      const key = createSecretKey(bytes);
      for (const one of texts) expect(hmacSha256Hex(key, one)).toBe(createHmac('sha256', key).update(one).digest('hex'));
    };
    fc.assert(fc.property(fc.uint8Array({ minLength: 1, maxLength: 64 }), fc.array(text, { minLength: 1, maxLength: 4 }), property));
  });

  it('takes no key that is longer than a block', () => {
    expect(() => hmacSha256Hex(createSecretKey(Buffer.alloc(65)), '')).toThrow(RangeError);
  });
});
