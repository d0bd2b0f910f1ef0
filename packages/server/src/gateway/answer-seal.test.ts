import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openAnswer, type SealBinding, sealAnswer } from './answer-seal.ts';

const SECRET = `tk_${'a'.repeat(43)}`;
const BINDING: SealBinding = {
  callId: '01890000-0000-7000-8000-000000000000',
  receiptId: '0123456789abcdef0123456789abcdef',
  expiresAt: 1_800_000_000_000,
};
const HEADERS = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' };
const ANSWER = { status: 200, headers: HEADERS, body: new TextEncoder().encode('data: the answer\n\n') };

const answers = fc.record({
  status: fc.integer({ min: 200, max: 299 }),
  headers: fc.dictionary(fc.constantFrom('content-type', 'cache-control', 'x-tally-mode'), fc.string(), { noNullPrototype: true }),
  body: fc.uint8Array({ maxLength: 5_000 }),
});
const bindings = fc.record({
  callId: fc.uuid({ version: 7 }),
  receiptId: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('hex')),
  expiresAt: fc.maxSafeNat(),
});

describe('a sealed answer', () => {
  it('opens to what it was, under the same key and binding', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), bindings, answers, (secret, binding, answer) => {
        const opened = openAnswer(secret, binding, sealAnswer(secret, binding, answer));
        expect({ ...opened, body: new Uint8Array(opened?.body ?? []) }).toEqual(answer);
      }),
    );
  });

  it('opens under no other key, and for no other call, receipt or time', () => {
    const sealed = sealAnswer(SECRET, BINDING, ANSWER);
    expect(openAnswer(SECRET, BINDING, sealed)).not.toBeNull();
    expect(openAnswer(`${SECRET.slice(0, -1)}b`, BINDING, sealed)).toBeNull();
    expect(openAnswer('', BINDING, sealed)).toBeNull();
    const others: Partial<SealBinding>[] = [
      { callId: '01890000-0000-7000-8000-000000000001' },
      { callId: 'no UUID' },
      { receiptId: '1123456789abcdef0123456789abcdef' },
      { receiptId: '' },
      { expiresAt: BINDING.expiresAt + 1 },
      { expiresAt: -1 },
    ];
    for (const other of others) expect([other, openAnswer(SECRET, { ...BINDING, ...other }, sealed)]).toEqual([other, null]);
  });

  it('does not open where any byte was changed, cut or added', () => {
    const sealed = sealAnswer(SECRET, BINDING, ANSWER);
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = Uint8Array.from(sealed);
      changed[at] = (changed[at] as number) ^ 1;
      expect([at, openAnswer(SECRET, BINDING, changed)]).toEqual([at, null]);
      expect([at, openAnswer(SECRET, BINDING, sealed.subarray(0, at))]).toEqual([at, null]);
    }
    expect(openAnswer(SECRET, BINDING, Buffer.concat([sealed, Buffer.of(0)]))).toBeNull();
  });

  it('shows nothing of the answer or the key, and is another each time', () => {
    const first = Buffer.from(sealAnswer(SECRET, BINDING, ANSWER));
    for (const text of ['the answer', 'data:', 'event-stream', 'tk_a']) expect(first.includes(text)).toBe(false);
    expect(first.equals(sealAnswer(SECRET, BINDING, ANSWER))).toBe(false);
  });
});
