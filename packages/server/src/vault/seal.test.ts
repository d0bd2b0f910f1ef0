import { hkdfSync, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { TallyError } from '@tallystick/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packFields } from './encoding.ts';
import { KeyRing } from './keys.ts';
import { openRecord, rewrapRecord, SealKeys, sealRecord, verifyRecord } from './seal.ts';
import { meta } from './testing.ts';

type Vector = {
  readonly name: string;
  readonly master: string;
  readonly secondRoot: string | null;
  readonly kekId: string;
  readonly slot: string;
  /** The random bytes in the order in which they are drawn: data key, wrap nonce, seal nonce. */
  readonly random: readonly string[];
  readonly meta: { id: string; provider: string; donor: string; ceiling: string; expiry: number; epoch: number };
  readonly secret: string;
  readonly kek: string;
  readonly record: string;
};

const vectors = JSON.parse(readFileSync(new URL('./vectors/seal-v1.json', import.meta.url), 'utf8')) as readonly Vector[];
const hex = (text: string) => Buffer.from(text, 'hex');

function keysOf(vector: Vector): SealKeys {
  return new SealKeys(new KeyRing(hex(vector.master), vector.kekId), vector.secondRoot === null ? undefined : hex(vector.secondRoot));
}

describe('format v1 is frozen', () => {
  it.each(vectors)('$name', (vector) => {
    const keys = keysOf(vector);
    const drawn = vector.random.map(hex);
    const sealed = sealRecord(
      keys,
      hex(vector.slot),
      { ...vector.meta, ceiling: BigInt(vector.meta.ceiling) },
      hex(vector.secret),
      () => drawn.shift() as Buffer,
    );
    expect(sealed.toString('hex')).toBe(vector.record);
    const record = verifyRecord(keys, hex(vector.record));
    expect(record.meta).toEqual({ ...vector.meta, ceiling: BigInt(vector.meta.ceiling) });
    expect(openRecord(keys, hex(vector.slot), record).toString('hex')).toBe(vector.secret);
    // The platform's own HKDF agrees with ours.
    const info = packFields('tallystick/vault/kek', [vector.kekId, hex(vector.slot), vector.meta.id]);
    expect(Buffer.from(hkdfSync('sha256', hex(vector.master), 'tallystick/v1', info, 32)).toString('hex')).toBe(vector.kek);
  });
});

describe('a sealed record', () => {
  const keys = new SealKeys(new KeyRing(Buffer.alloc(32, 1), '00'.repeat(8)));
  const slot = Buffer.alloc(32, 2);
  const sealed = sealRecord(keys, slot, meta(), Buffer.from('the secret'), randomBytes);
  const reading = (bytes: Buffer, from = slot, with_ = keys) => openRecord(with_, from, verifyRecord(with_, bytes)).toString('utf8');
  const isRefused = (run: () => unknown) => {
    try {
      run();
    } catch (error) {
      return error instanceof TallyError && error.code === 'TAMPERED';
    }
    return false;
  };

  it('is refused with any one byte changed, at every place', () => {
    expect(reading(sealed)).toBe('the secret');
    for (let at = 0; at < sealed.length; at++) {
      for (const flip of [1, 0x80, 0xff]) {
        const changed = Buffer.from(sealed);
        changed[at] = (changed[at] as number) ^ flip;
        expect(
          isRefused(() => reading(changed)),
          `byte ${at}`,
        ).toBe(true);
      }
    }
  });

  it('is refused with any one byte of the slot changed', () => {
    for (let at = 0; at < slot.length; at++) {
      const changed = Buffer.from(slot);
      changed[at] = (changed[at] as number) ^ 1;
      expect(isRefused(() => reading(sealed, changed))).toBe(true);
    }
  });

  it('is refused cut, grown or replaced by anything', () => {
    for (let length = 0; length < sealed.length; length++) expect(isRefused(() => reading(sealed.subarray(0, length)))).toBe(true);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        expect(isRefused(() => reading(Buffer.from(bytes)))).toBe(true);
        expect(isRefused(() => reading(Buffer.concat([sealed, bytes, Buffer.of(0)])))).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it('is held by its inner layers even where the MAC key is known', () => {
    const remac = (bytes: Buffer) => Buffer.concat([bytes.subarray(0, -32), keys.mac(bytes.subarray(0, -32))]);
    for (let at = 0; at < sealed.length - 32; at++) {
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] as number) ^ 1;
      expect(
        isRefused(() => reading(remac(changed))),
        `byte ${at}`,
      ).toBe(true);
    }
  });

  it('opens under the next master after a rewrap, and no longer under the last', () => {
    const next = new SealKeys(new KeyRing(Buffer.alloc(32, 9), '11'.repeat(8)), Buffer.alloc(32, 5));
    const rewrapped = rewrapRecord(keys, next, slot, verifyRecord(keys, sealed), randomBytes);
    expect(reading(rewrapped, slot, next)).toBe('the secret');
    expect(isRefused(() => reading(rewrapped))).toBe(true);
  });
});
