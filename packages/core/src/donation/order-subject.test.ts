import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { orderSubject } from './order-subject.ts';

const ORDER = { task_description: 'Say “hé”', provider: 'anthropic', estimated_tokens: 100_000 } as const;

describe('orderSubject', () => {
  it('is the SHA-256 of the canonical JSON', () => {
    const canonical = '{"estimated_tokens":100000,"provider":"anthropic","task_description":"Say “hé”"}';
    expect(orderSubject(ORDER)).toBe(createHash('sha256').update(canonical).digest('hex'));
  });

  it('does not depend on the order of the members, on who asks, or on how it is answered', () => {
    const { estimated_tokens, provider, task_description } = ORDER;
    const said = { auth: { nonce: '0x00' }, donor_address: '0x01', stream: true };
    expect(orderSubject({ ...said, estimated_tokens, provider, task_description })).toBe(orderSubject(ORDER));
  });

  it('changes with whatever is asked for', () => {
    const names = fc.constantFrom(
      'task_description',
      'provider',
      'estimated_tokens',
      'model',
      'system',
      'priority',
      'mode',
      'time_limit_s',
    );
    fc.assert(
      fc.property(names, fc.oneof(fc.string({ unit: 'grapheme' }), fc.maxSafeInteger()), (name, value) => {
        fc.pre((ORDER as Readonly<Record<string, unknown>>)[name] !== value);
        expect(orderSubject({ ...ORDER, [name]: value })).not.toBe(orderSubject(ORDER));
      }),
    );
  });

  it('refuses what JSON has no one form of', () => {
    expect(() => orderSubject({ ...ORDER, priority: 0.5 })).toThrow('Canonical JSON takes no');
  });
});
