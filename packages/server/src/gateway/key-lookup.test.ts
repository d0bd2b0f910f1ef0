import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { manualClock } from '#ground/clock';
import type { KeyRow, KeyUse } from '#ledger';
import { KeyLookup } from './key-lookup.ts';
import { Principals } from './principals.ts';

const ROW = { id: 'k1', hash: 'known', tenantId: 't', use: 'calls' } as KeyRow;

function stage() {
  const clock = manualClock();
  const asked: string[] = [];
  const rows = new Map([[ROW.hash, ROW]]);
  const keyOf = async (hash: string) => {
    asked.push(hash);
    return rows.get(hash) ?? null;
  };
  return { clock, asked, rows, lookup: new KeyLookup({ keyOf }, clock) };
}

describe('looking up a key', () => {
  it('asks once for all who wait for the same', async () => {
    const { lookup, asked } = stage();
    expect(await Promise.all([lookup.find('known'), lookup.find('known')])).toEqual([ROW, ROW]);
    expect(asked).toEqual(['known']);
  });

  it('does not ask again for what is not there, for a second', async () => {
    const { lookup, asked, rows, clock } = stage();
    for (let n = 0; n < 5; n += 1) expect(await lookup.find('later')).toBeNull();
    expect(asked).toHaveLength(1);
    rows.set('later', ROW);
    clock.advance(1_000);
    expect(await lookup.find('later')).toBe(ROW);
  });

  it('asks no more than so many times a second, whatever is guessed', async () => {
    const waits = fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 300 });
    await fc.assert(
      fc.asyncProperty(waits, async (all) => {
        const { lookup, asked, clock } = stage();
        let passed = 0;
        for (const [guess, wait] of all.entries()) {
          clock.advance(wait);
          passed += wait;
          await lookup.find(`guess ${guess}`);
        }
        expect(asked.length).toBeLessThanOrEqual(50 + (passed * 50) / 1_000);
      }),
      { numRuns: 30 },
    );
  });

  it('that fails is no answer, and is asked again', async () => {
    const { clock } = stage();
    let fails = true;
    const lookup = new KeyLookup({ keyOf: () => (fails ? Promise.reject(new Error('away')) : Promise.resolve(ROW)) }, clock);
    await expect(lookup.find('known')).rejects.toThrow('away');
    fails = false;
    expect(await lookup.find('known')).toBe(ROW);
  });
});

describe('principals', () => {
  const secret = `tk_${'a'.repeat(43)}`;
  const headers = { 'x-api-key': secret };

  it('take in what was looked up, and know it from then on', async () => {
    let asked = 0;
    const principals: Principals = new Principals(Buffer.alloc(32, 1), Buffer.alloc(32, 2), [], async (hash) => {
      asked += 1;
      return { ...ROW, hash };
    });
    expect(() => principals.authenticate(headers)).toThrow();
    expect((await principals.identify(headers)).key.id).toBe('k1');
    expect((await principals.identify(headers)).secret).toBe(secret);
    expect(asked).toBe(1);
  });

  it('find a key by what it is for, and never as anything else', async () => {
    const keys = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)] as const;
    const hash = (use: KeyUse) => new Principals(...keys, []).hash(secret, use);
    expect(new Set((['calls', 'pool', 'validation'] as const).map(hash)).size).toBe(3);
    const found = async (row: Partial<KeyRow>) => {
      const alone = new Principals(...keys, [{ ...ROW, ...row } as KeyRow]);
      const asking = new Principals(...keys, [], async (asked) => (asked === row.hash ? ({ ...ROW, ...row } as KeyRow) : null));
      const uses = [alone, asking].map((one) =>
        one.identify(headers).then(
          ({ key }) => key.use,
          ({ code }) => code as string,
        ),
      );
      return [...new Set(await Promise.all(uses))];
    };
    for (const use of ['calls', 'pool', 'validation'] as const) expect(await found({ use, hash: hash(use) })).toEqual([use]);
    // As somebody with the books in his hands would have it.
    expect(await found({ use: 'validation', hash: hash('calls') })).toEqual(['AUTH_INVALID']);
    expect(await found({ use: 'calls', hash: hash('pool') })).toEqual(['AUTH_INVALID']);
  });

  it('refuse what nobody knows', async () => {
    const alone = new Principals(Buffer.alloc(32, 1), Buffer.alloc(32, 2), []);
    const asking = new Principals(Buffer.alloc(32, 1), Buffer.alloc(32, 2), [], async () => null);
    for (const principals of [alone, asking]) await expect(principals.identify(headers)).rejects.toMatchObject({ code: 'AUTH_INVALID' });
    await expect(asking.identify({})).rejects.toMatchObject({ code: 'AUTH_MISSING' });
  });
});
