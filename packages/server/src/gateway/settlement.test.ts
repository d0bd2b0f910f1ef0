import { FREE_TARIFF, type Usage, ZERO_USAGE } from '@tallystick/core';
import { describe, expect, it } from 'vitest';
import type { Held } from './hold.ts';
import { type Delivered, type Outcome, settlement } from './settlement.ts';

const HASH = `0x${'0'.repeat(64)}` as const;

function held(proof: 'bytes' | 'window', likelyInput: bigint, settle: 'metered' | 'hold' = 'metered'): Held {
  const input = proof === 'window' ? 1000n : likelyInput;
  const bound = { proof, grade: 'documented', input, output: 50n, total: proof === 'window' ? 1000n : input + 50n } as const;
  const source = { tariff: FREE_TARIFF, row: { settle, minutesAccountId: null } };
  return { holdId: 'h', bound, likelyInput, output: 50n, outputBy: 'caller', source } as unknown as Held;
}

function settled(of: Held, outcome: Outcome, more: Partial<Delivered> = {}) {
  const delivered: Delivered = {
    status: 200,
    bytes: 0,
    complete: false,
    responseHash: HASH,
    finish: '',
    textBytes: 0n,
    seen: null,
    ...more,
  };
  const request = settlement(of, outcome, delivered, 1, 0);
  return {
    outcome: request.outcome,
    tokens: request.tokens,
    lines: request.lines.map(({ unit, quantity }) => [unit, quantity]),
    detail: request.detail,
  };
}

const burned = (byCaller?: boolean): Outcome => ({ kind: 'burned', reason: 'cut', ...(byCaller === undefined ? {} : { byCaller }) });
const usage = (more: Partial<Usage>): Usage => ({ ...ZERO_USAGE, ...more });

describe('what the tenant pays of a burn', () => {
  it('nothing where nothing came, all where it caused it', () => {
    expect(settled(held('window', 30n), burned()).tokens).toBe(0n);
    expect(settled(held('window', 30n), burned(true)).tokens).toBe(1000n);
  });

  it('the text that came, and the prompt as far as it is known: never the whole window', () => {
    expect(settled(held('bytes', 30n), burned(), { textBytes: 7n }).lines).toEqual([
      [1, 30n],
      [5, 7n],
    ]);
    expect(settled(held('window', 30n), burned(), { textBytes: 7n }).tokens).toBe(37n);
    const seen = usage({ input: 11n, cached_input: 5n, output: 1n });
    expect(settled(held('window', 30n), burned(), { textBytes: 7n, seen }).lines).toEqual([
      [1, 11n],
      [2, 5n],
      [5, 7n],
    ]);
  });

  it('never more than was held, whatever was reported or shown', () => {
    expect(settled(held('bytes', 30n), burned(), { textBytes: 10_000n }).tokens).toBe(80n);
    expect(settled(held('window', 30n), burned(), { textBytes: 7n, seen: usage({ input: 5000n }) }).tokens).toBe(1000n);
  });
});

describe('settlement', () => {
  it('metered within the hold, at the bound where the source releases nothing', () => {
    const metered: Outcome = { kind: 'metered', usage: usage({ input: 10n, output: 5n }) };
    expect(settled(held('bytes', 30n), metered)).toMatchObject({ outcome: 'metered', tokens: 15n });
    expect(settled(held('bytes', 30n, 'hold'), metered)).toMatchObject({
      outcome: 'bound',
      tokens: 80n,
      detail: { reported_tokens: '15' },
    });
  });

  it('an overrun is the source’s: the ledger is told all of it, the lines stop at the hold', () => {
    const over = settled(held('bytes', 30n), { kind: 'metered', usage: usage({ output: 500n }) });
    expect([over.outcome, over.tokens, over.lines]).toEqual([
      'metered',
      500n,
      [
        [1, 30n],
        [5, 50n],
      ],
    ]);
  });

  it('tells the time of a source that has minutes: begun milliseconds, and of a timer that was late no more than was held', () => {
    const of = held('bytes', 30n);
    const delivered = { status: 200, bytes: 0, complete: true, responseHash: HASH, finish: '', textBytes: 0n, seen: null };
    const ms = (minutesAccountId: string | null, atWorkMs: number) => {
      const timed = { ...of, deadlineMs: 5_000, source: { ...of.source, row: { ...of.source.row, minutesAccountId } } };
      return settlement(timed, burned(), delivered, 1, atWorkMs).ms;
    };
    expect([ms('m', 1_200.2), ms('m', 5_007), ms('m', 0), ms(null, 1_200)]).toEqual([1_201n, 5_000n, 0n, undefined]);
  });

  it('tells only known words of how an answer ended', () => {
    const finish = (said: string) => settled(held('bytes', 1n), { kind: 'released', reason: 'x' }, { finish: said }).detail['finish'];
    expect([finish('tool_use'), finish('MAX_TOKENS'), finish('stop,sk-secret'), finish('')]).toEqual([
      'tool_use',
      'MAX_TOKENS',
      'stop,other',
      undefined,
    ]);
  });
});
