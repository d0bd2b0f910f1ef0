import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BallotRules, CHOICES, outcomeOf, tally, type Vote } from './ballots.ts';

const RULES: BallotRules = { quorumBps: 2_000, majorityBps: 5_000 };
const weights = (...list: [string, bigint][]) => new Map(list);
const sum = (all: ReadonlyMap<string, bigint>) => [...all.values()].reduce((a, b) => a + b, 0n);
const outcome = (votes: readonly Vote[], all: ReadonlyMap<string, bigint>, rules = RULES) => outcomeOf(tally(votes, all, sum(all)), rules);

describe('a vote', () => {
  const all = weights(['a', 10n], ['b', 10n], ['c', 30n], ['d', 50n]);
  it.each<[string, Vote[], string]>([
    ['nobody votes', [], 'no_quorum'],
    ['too few vote', [{ donor: 'a', choice: 'yes' }], 'no_quorum'],
    [
      'exactly the quorum, all for it',
      [
        { donor: 'a', choice: 'yes' },
        { donor: 'b', choice: 'yes' },
      ],
      'passed',
    ],
    [
      'a tie',
      [
        { donor: 'a', choice: 'yes' },
        { donor: 'b', choice: 'no' },
      ],
      'no_majority',
    ],
    [
      'who abstains makes the quorum and no majority',
      [
        { donor: 'a', choice: 'yes' },
        { donor: 'd', choice: 'abstain' },
      ],
      'passed',
    ],
    ['only abstentions', [{ donor: 'd', choice: 'abstain' }], 'no_majority'],
    [
      'one large against two small',
      [
        { donor: 'a', choice: 'yes' },
        { donor: 'b', choice: 'yes' },
        { donor: 'c', choice: 'no' },
      ],
      'no_majority',
    ],
    ['who is no donor any more', [{ donor: 'gone', choice: 'yes' }], 'no_quorum'],
  ])('%s', (_, votes, expected) => {
    expect(outcome(votes, all)).toBe(expected);
  });

  it('nobody has given anything, so nobody decides', () => {
    expect(outcome([{ donor: 'a', choice: 'yes' }], weights(), { quorumBps: 0, majorityBps: 5_000 })).toBe('no_quorum');
  });

  it('two thirds are more than half', () => {
    const votes: Vote[] = [
      { donor: 'd', choice: 'yes' },
      { donor: 'c', choice: 'no' },
    ];
    expect(outcome(votes, all)).toBe('passed');
    expect(outcome(votes, all, { ...RULES, majorityBps: 6_666 })).toBe('no_majority');
  });
});

const ballots = fc.array(fc.record({ choice: fc.constantFrom(...CHOICES), weight: fc.bigInt(0n, 100_000_000n) }), { maxLength: 20 });

function counted(list: readonly { choice: Vote['choice']; weight: bigint }[]) {
  const votes = list.map(({ choice }, i) => ({ donor: `d${i}`, choice }));
  const all = new Map(list.map(({ weight }, i) => [`d${i}`, weight]));
  return tally(votes, all, sum(all));
}

describe('whatever the weights', () => {
  const rules = fc.record({ quorumBps: fc.integer({ min: 0, max: 10_000 }), majorityBps: fc.integer({ min: 5_000, max: 9_999 }) });

  it('what passes has more for it than against it, and its opposite does not pass', () => {
    fc.assert(
      fc.property(ballots, rules, (list, rule) => {
        const sums = counted(list);
        if (outcomeOf(sums, rule) !== 'passed') return;
        expect(sums.yes).toBeGreaterThan(sums.no);
        expect(outcomeOf({ ...sums, yes: sums.no, no: sums.yes }, rule)).not.toBe('passed');
      }),
    );
  });

  it('one more vote for it never makes it fail', () => {
    fc.assert(
      fc.property(ballots, rules, fc.bigInt(0n, 100_000_000n), (list, rule, weight) => {
        const sums = counted(list);
        if (outcomeOf(sums, rule) !== 'passed') return;
        expect(outcomeOf({ ...sums, yes: sums.yes + weight, total: sums.total + weight }, rule)).toBe('passed');
      }),
    );
  });

  it('how a weight is split among donors does not matter', () => {
    fc.assert(
      fc.property(ballots, rules, fc.bigInt(0n, 100n), (list, rule, percent) => {
        const split = list.flatMap(({ choice, weight }) => {
          const part = (weight * percent) / 100n;
          return [
            { choice, weight: part },
            { choice, weight: weight - part },
          ];
        });
        expect(outcomeOf(counted(split), rule)).toBe(outcomeOf(counted(list), rule));
      }),
    );
  });
});
