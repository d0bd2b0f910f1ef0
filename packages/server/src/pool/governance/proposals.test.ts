import { TallyError } from '@tallystick/core';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Choice } from './ballots.ts';
import { Proposals, type VoteSettings } from './proposals.ts';
import { Crash, crashing, openStage, type Stage } from './testing.ts';

const SETTINGS: VoteSettings = { quorumBps: 2_000, majorityBps: 5_000, periodMs: 1_000, timelockMs: 500 };
const WEIGHTS: Readonly<Record<string, bigint>> = { 'account:a': 10n, 'account:b': 10n, [`0x${'11'.repeat(20)}`]: 20n };
const [A, B, C] = Object.keys(WEIGHTS) as [string, string, string];

let stage: Stage;
let weights: Record<string, bigint>;
let states: Map<string, string>;
beforeEach(async () => {
  stage = await openStage();
  weights = { ...WEIGHTS };
  states = new Map([
    ['t1', 'proposed'],
    ['t2', 'proposed'],
  ]);
});
afterEach(() => stage.close());

const move = async (id: string, from: readonly string[], to: string) => {
  if (!from.includes(states.get(id) ?? '')) throw new TallyError('TASK_STATE');
  states.set(id, to);
};
const tasks = {
  approve: (id: string) => move(id, ['proposed'], 'approved'),
  queue: (id: string) => move(id, ['proposed', 'approved'], 'queued'),
  reject: (id: string) => move(id, ['proposed', 'approved'], 'rejected'),
};
const power = { weights: async () => new Map(Object.entries(weights)) };

function proposals(more: Partial<ConstructorParameters<typeof Proposals>[0]> = {}): Proposals {
  const { ledger, vault, clock } = stage;
  return new Proposals({ ledger, vault, power, tasks, settings: SETTINGS, grantMs: () => clock.wallMs(), ...more });
}

async function decide(votes: readonly (readonly [string, Choice])[]): Promise<string | undefined> {
  await proposals().open('t1', A, false);
  for (const [donor, choice] of votes) await proposals().vote('t1', donor, choice);
  stage.clock.advance(SETTINGS.periodMs);
  await proposals().tick();
  return states.get('t1');
}

describe('a task that donors vote on', () => {
  it('is approved at the end of the vote, and queued when the timelock is over', async () => {
    expect(
      await decide([
        [A, 'yes'],
        [B, 'no'],
        [C, 'yes'],
      ]),
    ).toBe('approved');
    expect(await proposals().find('t1')).toMatchObject({
      state: 'passed',
      outcome: 'passed',
      votes: 3,
      tally: { yes: 30n, no: 10n, total: 40n },
    });
    stage.clock.advance(SETTINGS.timelockMs - 1);
    await proposals().tick();
    expect(states.get('t1')).toBe('approved');
    stage.clock.advance(1);
    await proposals().tick();
    await proposals().tick();
    expect([states.get('t1'), (await proposals().find('t1'))?.state]).toEqual(['queued', 'done']);
    expect(stage.audited.map(({ kind }) => kind)).toEqual(['task.vote_opened', ...Array(3).fill('task.voted'), 'task.vote_closed']);
  });

  it.each<[string, [string, Choice][], string]>([
    [
      'a tie',
      [
        [A, 'yes'],
        [B, 'no'],
      ],
      'no_majority',
    ],
    ['nobody', [], 'no_quorum'],
    [
      'a change of mind',
      [
        [C, 'yes'],
        [C, 'no'],
      ],
      'no_majority',
    ],
  ])('is rejected by %s', async (_, votes, outcome) => {
    expect(await decide(votes)).toBe('rejected');
    expect(await proposals().find('t1')).toMatchObject({ state: 'done', outcome });
  });

  it('is weighed by what donors have at the end, not when they voted', async () => {
    await proposals().open('t1', A, false);
    await proposals().vote('t1', A, 'no');
    await proposals().vote('t1', C, 'yes');
    weights = { ...weights, [C]: 0n, [A]: 15n };
    stage.clock.advance(SETTINGS.periodMs);
    await proposals().tick();
    expect(await proposals().find('t1')).toMatchObject({ tally: { yes: 0n, no: 15n, total: 25n }, outcome: 'no_majority' });
  });

  it('keeps the rules that it was opened under', async () => {
    await proposals().open('t1', A, false);
    const strict = { ...SETTINGS, quorumBps: 10_000, majorityBps: 9_999 };
    await proposals({ settings: strict }).vote('t1', C, 'yes');
    await proposals({ settings: strict }).open('t1', A, false);
    stage.clock.advance(SETTINGS.periodMs);
    await proposals({ settings: strict }).tick();
    expect(states.get('t1')).toBe('approved');
  });

  it('is no matter any more once it is cancelled', async () => {
    await proposals().open('t1', A, false);
    await proposals().vote('t1', C, 'yes');
    states.set('t1', 'cancelled');
    stage.clock.advance(SETTINGS.periodMs + SETTINGS.timelockMs);
    await proposals().tick();
    expect([states.get('t1'), (await proposals().find('t1'))?.state]).toEqual(['cancelled', 'passed']);
    stage.clock.advance(SETTINGS.timelockMs);
    await proposals().tick();
    expect([states.get('t1'), (await proposals().find('t1'))?.state]).toEqual(['cancelled', 'done']);
  });
});

describe('a vote', () => {
  it('is of donors, on what is open, one each', async () => {
    await proposals().open('t1', A, false);
    await expect(proposals().vote('t1', 'account:stranger', 'yes')).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(proposals().vote('t3', A, 'yes')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await Promise.all([A, B, C, A, B, C].map((donor) => proposals().vote('t1', donor, 'yes')));
    expect(await proposals().find('t1')).toMatchObject({ votes: 3, state: 'open' });
    stage.clock.advance(SETTINGS.periodMs);
    await expect(proposals().vote('t1', A, 'no')).rejects.toMatchObject({ code: 'TASK_STATE' });
    await proposals().tick();
    await expect(proposals().vote('t1', A, 'no')).rejects.toMatchObject({ code: 'TASK_STATE' });
  });

  it('counts for its own task alone', async () => {
    for (const id of ['t1', 't2']) await proposals().open(id, A, false);
    await proposals().vote('t1', C, 'yes');
    await proposals().vote('t2', C, 'no');
    stage.clock.advance(SETTINGS.periodMs);
    await proposals().tick();
    expect([states.get('t1'), states.get('t2')]).toEqual(['approved', 'rejected']);
  });

  it('cast while it is being closed is in the count, or refused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom<Choice>('yes', 'no', 'abstain'), { minLength: 1, maxLength: 6 }), async (choices) => {
        const id = `t${states.size + 1}`;
        states.set(id, 'proposed');
        await proposals().open(id, A, false);
        const late = choices.map((choice, i) => proposals().vote(id, [A, B, C][i % 3] as string, choice));
        stage.clock.advance(SETTINGS.periodMs);
        const cast = (await Promise.allSettled([...late, proposals().tick()])).slice(0, -1);
        await proposals().tick();
        const found = await proposals().find(id);
        const sums = found?.tally ?? { yes: -1n, no: -1n, abstain: -1n };
        const donors = new Set(cast.flatMap(({ status }, i) => (status === 'fulfilled' ? [[A, B, C][i % 3] as string] : [])));
        const weight = [...donors].reduce((sum, donor) => sum + (WEIGHTS[donor] ?? 0n), 0n);
        expect(sums.yes + sums.no + sums.abstain).toBe(weight);
        expect(found?.votes).toBe(donors.size);
      }),
      { numRuns: 15 },
    );
  });
});

it('a crash anywhere leaves the vote to be ended, and ended once', async () => {
  const reference = await decide([[C, 'yes']]);
  expect(reference).toBe('approved');
  for (let survives = 0; ; survives += 1) {
    const id = `c${survives}`;
    states.set(id, 'proposed');
    const fuse = { survives };
    const half = () =>
      proposals({
        ledger: crashing(stage.ledger, ['writeRecords'], fuse),
        vault: crashing(stage.vault, ['audit'], fuse),
        tasks: crashing(tasks, ['approve', 'queue', 'reject'], fuse),
      });
    const life = async () => {
      await half().open(id, A, false);
      await half().vote(id, C, 'yes');
      stage.clock.advance(SETTINGS.periodMs);
      await half().tick();
      stage.clock.advance(SETTINGS.timelockMs);
      await half().tick();
      return 'done';
    };
    const outcome = await life().catch((error: unknown) => (error instanceof Crash ? 'crashed' : String(error)));
    // The next start, and all the time that is needed.
    await proposals().open(id, A, false);
    if ((await proposals().find(id))?.state === 'open')
      await proposals()
        .vote(id, C, 'yes')
        .catch(() => {});
    for (const ms of [SETTINGS.periodMs, SETTINGS.timelockMs]) {
      stage.clock.advance(ms);
      await proposals().tick();
    }
    const found = await proposals().find(id);
    expect([found?.state, states.get(id)]).toEqual(['done', found?.outcome === 'passed' ? 'queued' : 'rejected']);
    if (outcome === 'done') return expect(survives).toBeGreaterThan(5);
    expect(outcome).toBe('crashed');
  }
});
