import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { AuditEntry } from '#vault';
import { shredEntryOf } from './shred-entry.ts';

it('finds the last entry on a secret’s destruction in a log of any length', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 3_000 }), fc.array(fc.nat(3_000), { maxLength: 3 }), (size, places) => {
      const isShred = new Set(places.filter((place) => place < size));
      const entry = (seq: number): AuditEntry => ({
        seq,
        at: 0,
        kind: isShred.has(seq) ? 'secret.destroyed' : 'secret.sealed',
        subject: 'a',
        data: {},
      });
      const auditEntries = (from: number, limit: number) =>
        Array.from({ length: Math.max(0, Math.min(limit, size - from)) }, (_, at) => entry(from + at));
      expect(shredEntryOf({ auditEntries }, 'a')).toBe(isShred.size === 0 ? null : Math.max(...isShred));
      expect(shredEntryOf({ auditEntries }, 'b')).toBeNull();
    }),
    { numRuns: 50 },
  );
});
