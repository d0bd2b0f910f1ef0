import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { permitMac } from './permit.ts';

describe('permitMac', () => {
  it('covers every field behind its length in bytes', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 200 });
    const property = (holdId: string, sourceId: string, nonce: string, epoch: string) => {
      const mac = createHmac('sha256', Buffer.alloc(32, 7));
      for (const field of ['tally-permit/1', holdId, sourceId, nonce, epoch]) {
        const length = Buffer.alloc(4);
        length.writeUInt32BE(Buffer.byteLength(field));
        mac.update(length).update(field);
      }
      expect(permitMac(Buffer.alloc(32, 7), { holdId, sourceId, nonce, epoch })).toBe(mac.digest('hex'));
    };
    fc.assert(fc.property(text, text, text, text, property));
  });
});
