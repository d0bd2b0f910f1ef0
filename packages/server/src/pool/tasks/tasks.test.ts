import { setTimeout as sleep } from 'node:timers/promises';
import { TallyError } from '@tallystick/core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '#ground/clock';
import { type TaskEvent, textEvent } from './task-events.ts';
import { Tasks } from './tasks.ts';
import { PoolDouble, testModel, testOrder } from './testing.ts';
import type { Task, TaskOrder, TaskState } from './types.ts';

const WAIT_MS = 5_000;
const TEXT = { description: 'Write.', system: null };

let stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(stops.map((stop) => stop()));
  stops = [];
});

function started(pool: PoolDouble): Tasks {
  const tasks = new Tasks(pool.deps());
  tasks.start();
  stops.push(() => tasks.stop());
  return tasks;
}

async function until(tasks: Tasks, id: string, ...states: readonly TaskState[]): Promise<Task> {
  const end = performance.now() + WAIT_MS;
  for (;;) {
    const task = await tasks.find(id);
    if (states.includes(task.state)) return task;
    if (performance.now() > end) throw new Error(`the task is ${task.state}: ${task.reason?.code} ${task.reason?.message}`);
    await sleep(5);
  }
}

async function run(pool: PoolDouble, order: Partial<TaskOrder>, description = 'Write.', ...ends: readonly TaskState[]) {
  const tasks = started(pool);
  const { id } = await tasks.propose(testOrder(order), { description, system: null }, 'operator');
  await until(tasks, id, 'done', 'failed', ...ends);
  return tasks.view(id);
}

const charges = (view: Awaited<ReturnType<typeof run>>) => view.turns.map(({ turn }) => [turn.keyId, Number(turn.charged)]);

describe('the scenarios of the pool', () => {
  it('A: one large key', async () => {
    const pool = new PoolDouble().key('one', 500_000n);
    pool.play = () => ({ text: 'swaps', tokens: 147_532n, stop: 'end' });
    const view = await run(pool, { mode: 'pre_allocated', tokens: 150_000n });
    expect(view.task).toMatchObject({ state: 'done', finish: 'end', allotment: null });
    expect(charges(view)).toEqual([['one', 147_532]]);
    expect(pool.left('one')).toBe(352_468n);
    expect(pool.account(view.task.id)).toMatchObject({ held: 0n, spent: 147_532n });
  });

  it('B: several small keys, reserved together', async () => {
    const pool = new PoolDouble().key('A', 100_000n).key('B', 80_000n).key('C', 150_000n);
    pool.play = (_, number) =>
      number === 1 ? { text: 'first ', tokens: 150_000n, stop: 'length' } : { text: 'last', tokens: 87_458n, stop: 'end' };
    const view = await run(pool, { mode: 'pre_allocated', tokens: 250_000n });
    expect(charges(view)).toEqual([
      ['C', 150_000],
      ['A', 87_458],
    ]);
    expect(view.result).toBe('first last');
    expect(['A', 'B', 'C'].map((id) => pool.left(id))).toEqual([12_542n, 80_000n, 0n]);
    expect(pool.requests.map(({ ask }) => ask.written.length)).toEqual([0, 1]);
  });

  it('C: a long task that changes keys', async () => {
    const pool = new PoolDouble().key('A', 100_000n).key('C', 150_000n);
    const used = [82_341n, 117_892n, 21_456n];
    pool.play = (_, number) => ({ text: `part ${number}. `, tokens: used[number - 1] ?? 0n, stop: number === 3 ? 'end' : 'length' });
    const view = await run(pool, { tokens: 500_000n });
    expect(charges(view)).toEqual([
      ['A', 82_341],
      ['C', 117_892],
      ['C', 21_456],
    ]);
    expect(view.switches).toMatchObject([{ turn: 2, from: 'A', to: 'C', reason: 'limit', left: 17_659n }]);
    expect(pool.account(view.task.id).spent).toBe(221_689n);
    expect(view.result).toBe('part 1. part 2. part 3. ');
    // The first turn may not pass 90 % of the key less 5,000.
    const [first] = pool.requests;
    expect(first?.ask.output).toBeLessThan(85_000n);
    expect(first?.ask.output).toBeGreaterThan(80_000n);
  });
});

describe('a task that chooses a key for each turn', () => {
  it('goes on with another key where one fails, and tells why', async () => {
    const pool = new PoolDouble().key('A', 50_000n).key('B', 90_000n);
    pool.refuse = ({ keyId }) => (keyId === 'A' ? new TallyError('UPSTREAM_AUTH') : null);
    const view = await run(pool, {});
    expect(charges(view)).toEqual([['B', 100]]);
    expect(view.switches).toMatchObject([{ from: 'A', to: 'B', reason: 'UPSTREAM_AUTH', turn: 1 }]);
  });

  it('keeps what a call had written that broke off, and goes on from there', async () => {
    const pool = new PoolDouble().key('A', 100_000n).key('B', 100_000n);
    pool.play = (_, number) => (number === 1 ? { text: 'half an ans', dies: true } : { text: 'wer', tokens: 90n, stop: 'end' });
    const view = await run(pool, {});
    expect(view.result).toBe('half an answer');
    expect(view.turns.map(({ turn }) => turn.state)).toEqual(['cut', 'ended']);
    expect(pool.requests[1]?.ask.written).toEqual([{ text: 'half an ans', kept: null }]);
  });

  it('gives up after three calls that broke off', async () => {
    const pool = new PoolDouble().key('A', 100_000n).key('B', 200_000n).key('C', 300_000n).key('D', 400_000n);
    pool.play = () => ({ text: '', dies: true });
    const view = await run(pool, {});
    expect(view.task).toMatchObject({ state: 'failed', reason: { code: 'UPSTREAM_ERROR' } });
    expect(pool.requests).toHaveLength(3);
  });

  it('uses remainders up to the hold’s own bound where no key is above its safe limit', async () => {
    const pool = new PoolDouble().key('A', 6_000n).key('B', 7_000n);
    pool.play = ({ ask }) => ({ text: 'x', tokens: ask.output, stop: 'length' });
    const view = await run(pool, {}, 'Write.', 'waiting');
    expect(view.task.reason?.code).toBe('NO_AVAILABLE_KEYS');
    expect(pool.requests[0]?.keyId).toBe('B');
    expect(pool.requests[0]?.ask.output).toBeGreaterThan(4_000n);
    expect([pool.left('A') >= 0n, pool.left('B') >= 0n]).toEqual([true, true]);
  });

  it('ends where its budget is used up, with what there is', async () => {
    const pool = new PoolDouble().key('A', 1_000_000n);
    pool.play = ({ ask }) => ({ text: 'more ', tokens: ask.output, stop: 'length' });
    const view = await run(pool, { tokens: 20_000n });
    expect(view.task).toMatchObject({ state: 'done', finish: 'length' });
    expect(pool.account(view.task.id).spent).toBeLessThanOrEqual(20_000n);
    expect(pool.account(view.task.id).spent).toBeGreaterThan(17_000n);
  });

  it('makes notes of the answer where it grows beyond the model’s window', async () => {
    const pool = new PoolDouble().key('A', 10_000_000n);
    pool.model = testModel('m', { window: 60_000n, maxOutput: 20_000n });
    const longest = (tokens: bigint) => (tokens < 59_000n ? tokens : 59_000n);
    pool.play = ({ ask }, number) => {
      if (ask.reply?.startsWith('Stop writing') === true) return { text: 'NOTES', tokens: 3_000n, stop: 'end' };
      if (ask.task.includes('NOTES')) return { text: 'the end', tokens: 1_000n, stop: 'end' };
      return { text: 'y'.repeat(30_000), tokens: longest(18_000n * BigInt(number)), stop: 'length' };
    };
    const view = await run(pool, { tokens: 5_000_000n }, 'The task itself.');
    expect(view.turns.map(({ turn }) => turn.kind)).toContain('compact');
    expect(view.task.state).toBe('done');
    const last = pool.requests.at(-1);
    expect(last?.ask.task).toContain('The task itself.');
    expect(last?.ask.task).toContain('NOTES');
    expect(view.result).not.toContain('NOTES');
  });

  it('stops at once where more was charged than was held, and says so', async () => {
    const pool = new PoolDouble().key('A', 100_000n).key('B', 100_000n);
    pool.play = () => ({ text: 'x', tokens: 99_000n, stop: 'length' });
    const view = await run(pool, {});
    expect(view.task).toMatchObject({ state: 'failed', reason: { code: 'UPSTREAM_OVERRUN' } });
    expect(pool.breaches).toEqual([view.task.id]);
    expect(pool.requests).toHaveLength(1);
  });

  it('fails where the model declines', async () => {
    const pool = new PoolDouble().key('A', 100_000n);
    pool.play = () => ({ text: 'I cannot.', tokens: 50n, stop: 'refused' });
    expect((await run(pool, {})).task).toMatchObject({ state: 'failed', reason: { code: 'TASK_DECLINED' } });
  });
});

describe('a pre-allocated task', () => {
  it('takes no key where they do not cover it, and says what is there', async () => {
    const pool = new PoolDouble().key('A', 100_000n).key('B', 80_000n);
    const view = await run(pool, { mode: 'pre_allocated', tokens: 250_000n });
    expect(view.task).toMatchObject({ state: 'failed', reason: { code: 'NO_AVAILABLE_KEYS' } });
    expect(view.task.reason?.message).toContain('180000');
    expect(pool.requests).toHaveLength(0);
    expect([pool.account('A').held, pool.account('B').held]).toEqual([0n, 0n]);
  });

  it('frees what it reserved, however it ends', async () => {
    const pool = new PoolDouble().key('A', 300_000n);
    pool.refuse = () => new TallyError('FIELD_NOT_ALLOWED');
    const view = await run(pool, { mode: 'pre_allocated', tokens: 250_000n });
    expect(view.task.state).toBe('failed');
    expect(pool.account('A').held).toBe(0n);
  });
});

describe('a task that waits', () => {
  it('goes on by itself where there is room again', async () => {
    const pool = new PoolDouble().key('A', 100_000n);
    pool.account('A').isActive = false;
    const tasks = started(pool);
    const { id } = await tasks.propose(testOrder(), { description: 'Later.', system: null }, 'operator');
    expect((await until(tasks, id, 'waiting')).reason?.code).toBe('NO_AVAILABLE_KEYS');
    pool.account('A').isActive = true;
    await until(tasks, id, 'done');
  });

  it('waits out a stop of the pool', async () => {
    const pool = new PoolDouble().key('A', 100_000n);
    let isStopped = true;
    pool.refuse = () => (isStopped ? new TallyError('POOL_STOPPED') : null);
    const tasks = started(pool);
    const { id } = await tasks.propose(testOrder(), { description: 'Later.', system: null }, 'operator');
    expect((await until(tasks, id, 'waiting')).reason?.code).toBe('POOL_STOPPED');
    isStopped = false;
    await until(tasks, id, 'done');
    expect(pool.requests).toHaveLength(1);
  });

  it('does not wait for what the clock showed while it was wrong', async () => {
    const pool = new PoolDouble().key('A', 100_000n);
    const opens = Date.now() + 86_400_000;
    let aheadMs = 100 * 86_400_000;
    let refusal = new TallyError('GOVERNANCE_LOCKED', undefined, { unlocks_at: opens });
    let isOpen = false;
    pool.refuse = () => (isOpen ? null : refusal);
    const clock = { ...systemClock, wallMs: () => Date.now() + aheadMs };
    const tasks = new Tasks({ ...pool.deps(), clock });
    tasks.start();
    stops.push(() => tasks.stop());
    const { id } = await tasks.propose(testOrder(), { description: 'Later.', system: null }, 'operator');
    expect((await until(tasks, id, 'waiting')).wakeAt).toBeGreaterThan(opens);
    aheadMs = 0;
    await vi.waitFor(async () => expect((await tasks.find(id)).wakeAt).toBe(opens));

    refusal = new TallyError('POOL_STOPPED');
    aheadMs = 100 * 86_400_000;
    await vi.waitFor(async () => expect((await tasks.find(id)).reason?.code).toBe('POOL_STOPPED'));
    aheadMs = 0;
    isOpen = true;
    await until(tasks, id, 'done');
  });
});

describe('a reserved key that is out of reach', () => {
  it('is left out where the books say that it has expired, however many there are', async () => {
    const pool = new PoolDouble();
    for (const id of ['A', 'B', 'C', 'D', 'E', 'F', 'G']) {
      pool.key(id, 50_000n);
      pool.expired.add(id);
    }
    pool.key('H', 40_000n);
    const view = await run(pool, { mode: 'pre_allocated', tokens: 30_000n });
    expect(view.task.state).toBe('done');
    expect(charges(view)).toEqual([['H', 100]]);
  });

  it('is no budget that is used up: the task waits, and reserves again', async () => {
    const pool = new PoolDouble().key('A', 100_000n);
    let isBusy = true;
    pool.refuse = () => (isBusy ? new TallyError('UPSTREAM_RATE_LIMITED') : null);
    const tasks = started(pool);
    const { id } = await tasks.propose(testOrder({ mode: 'pre_allocated', tokens: 5_000n }), TEXT, 'operator');
    expect((await until(tasks, id, 'waiting', 'failed')).reason).toMatchObject({ code: 'NO_AVAILABLE_KEYS' });
    isBusy = false;
    expect(await until(tasks, id, 'done')).toMatchObject({ finish: 'end', allotment: null });
    expect(pool.account('A').held).toBe(0n);
  });

  it('also where it was taken back in the midst of the work', async () => {
    const pool = new PoolDouble().key('A', 100_000n).key('B', 100_000n);
    pool.play = ({ keyId }, number) => {
      pool.account(keyId === 'A' ? 'B' : 'A').isActive = number > 1;
      return number === 1 ? { text: 'first ', tokens: 100_000n, stop: 'length' } : { text: 'last', tokens: 400n, stop: 'end' };
    };
    const tasks = started(pool);
    const { id } = await tasks.propose(testOrder({ mode: 'pre_allocated', tokens: 180_000n }), TEXT, 'operator');
    const waits = await until(tasks, id, 'waiting', 'done');
    expect([waits.state, waits.reason?.code, waits.allotment]).toEqual(['waiting', 'NO_AVAILABLE_KEYS', null]);
    pool.key('C', 90_000n);
    expect((await until(tasks, id, 'done')).finish).toBe('end');
    expect((await tasks.view(id)).result).toBe('first last');
  });
});

describe('a lockout', () => {
  it('is waited for until its end, and looked at by each start', async () => {
    const pool = new PoolDouble().key('A', 100_000n);
    const opens = Date.now() + 86_400_000;
    let isLocked = true;
    pool.refuse = () => (isLocked ? new TallyError('GOVERNANCE_LOCKED', undefined, { unlocks_at: opens }) : null);
    const first = new Tasks(pool.deps());
    first.start();
    const { id } = await first.propose(testOrder(), { description: 'Later.', system: null }, 'operator');
    const task = await until(first, id, 'waiting');
    expect(task).toMatchObject({ wakeAt: opens, reason: { code: 'GOVERNANCE_LOCKED', facts: { unlocks_at: opens } } });
    await first.stop();
    isLocked = false;
    await until(started(pool), id, 'done');
    expect(pool.requests).toHaveLength(1);
  });
});

describe('cancel, resume and time limits', () => {
  const slow = (pool: PoolDouble) => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    pool.play = async (_, number) => {
      if (number === 1) await held;
      return { text: `turn ${number} `, tokens: 500n, stop: number === 1 ? 'length' : 'end' };
    };
    return release;
  };

  it('a cancelled task begins no further turn, and goes on where it is resumed', async () => {
    const pool = new PoolDouble().key('A', 100_000n);
    const release = slow(pool);
    const tasks = started(pool);
    const { id } = await tasks.propose(testOrder(), { description: 'Cancel me.', system: null }, 'operator');
    await until(tasks, id, 'running');
    const cancelling = tasks.cancel(id);
    release();
    expect((await cancelling).state).toBe('cancelled');
    await expect(tasks.cancel(id)).resolves.toMatchObject({ state: 'cancelled' });
    await tasks.resume(id);
    await until(tasks, id, 'done');
    expect((await tasks.view(id)).result).toContain('turn ');
  });

  it('a task that is done can be neither cancelled nor resumed', async () => {
    const pool = new PoolDouble().key('A', 100_000n);
    const tasks = started(pool);
    const { id } = await tasks.propose(testOrder(), { description: 'x', system: null }, 'operator');
    await until(tasks, id, 'done');
    await expect(tasks.cancel(id)).rejects.toMatchObject({ code: 'TASK_STATE' });
    await expect(tasks.resume(id)).rejects.toMatchObject({ code: 'TASK_STATE' });
  });

  it('a time limit ends it, and counts what it ran before', async () => {
    const pool = new PoolDouble().key('A', 100_000n);
    const release = slow(pool);
    const tasks = started(pool);
    const { id } = await tasks.propose(testOrder({ timeLimitMs: 50 }), { description: 'x', system: null }, 'operator');
    setTimeout(release, 100);
    const task = await until(tasks, id, 'failed');
    expect(task.reason?.code).toBe('TASK_TIME_LIMIT');
    expect(task.ranMs).toBeGreaterThanOrEqual(40);
    await tasks.resume(id, { timeLimitMs: 5_000 });
    await until(tasks, id, 'done');
  });
});

describe('a restart', () => {
  it('goes on in mid-turn: a kept answer is taken, and nothing is asked twice', async () => {
    const pool = new PoolDouble().key('A', 100_000n);
    const first = new Tasks(pool.deps());
    const deps = pool.deps();
    const { id } = await first.propose(testOrder(), { description: 'Survive.', system: null }, 'operator');
    // What a crash leaves: a turn that is open, with a part of its text, and a call that was served.
    await deps.budgets.open(await deps.books.task(id));
    pool.play = () => ({ text: 'the whole answer', tokens: 321n, stop: 'end' });
    const turn = {
      ...{ taskId: id, number: 1, kind: 'answer' as const, attempt: 1, state: 'open' as const, keyId: 'A', model: 'm', output: 5_000n },
      ...{ reservationId: null, tail: null, marked: false, receiptId: null, held: null, charged: null, stop: null, kept: null },
      ...{ startedAt: 1, endedAt: null },
    };
    await deps.books.begin(turn, null);
    await deps.books.addText(id, 1, 0, 'the who');
    await deps.books.update(id, (task) => ({ ...task, state: 'running', chosenModel: 'm' }));
    const ask = { model: 'm', system: null, task: 'Survive.', written: [], reply: null, output: 5_000n, marked: false };
    const request = { dialect: 'openai' as const, ask, taskId: id, keyId: 'A', reservationId: null, idempotencyKey: `${id}/1/1` };
    for await (const _ of deps.calls.call({ ...request, signal: new AbortController().signal })) expect(_).toBeDefined();

    const again = started(pool);
    await until(again, id, 'done');
    const view = await again.view(id);
    expect(view.result).toBe('the whole answer');
    expect(view.turns).toHaveLength(1);
    expect(pool.requests).toHaveLength(1);
    expect(pool.account('A').spent).toBe(321n);
  });
});

describe('who follows a task', () => {
  it('is told all of it once, from wherever they begin', async () => {
    const pool = new PoolDouble().key('A', 100_000n);
    pool.play = (_, number) => ({ text: `words of turn ${number}. `, tokens: 700n, stop: number === 3 ? 'end' : 'length' });
    const tasks = started(pool);
    const { id } = await tasks.propose(testOrder(), { description: 'x', system: null }, 'operator');
    const all: TaskEvent[] = [];
    for await (const event of tasks.follow(id, null, new AbortController().signal)) all.push(event);
    const textOf = (events: readonly TaskEvent[]) => events.map(({ change }) => (change.kind === 'text' ? change.text : '')).join('');
    const whole = (await tasks.view(id)).result;
    expect(textOf(all)).toBe(whole);
    expect(all.at(-1)?.change).toMatchObject({ kind: 'state', task: { state: 'done' } });
    for (const [at, { place }] of all.entries()) {
      if (place === null) continue;
      const rest: TaskEvent[] = [];
      for await (const event of tasks.follow(id, place, new AbortController().signal)) rest.push(event);
      expect(textOf(all.slice(0, at + 1)) + textOf(rest)).toBe(whole);
    }
  });

  it('and reads too slowly is told so, and nothing is kept for them meanwhile', async () => {
    const deps = new PoolDouble().deps();
    const tasks = new Tasks({ ...deps, approval: { decide: async () => 'waits' } });
    const { id } = await tasks.propose(testOrder(), { description: 'x', system: null }, 'operator');
    const events = tasks.follow(id, null, new AbortController().signal);
    for (let seen = 0; seen < 2; seen += 1) await events.next();
    for (let i = 1; i <= 2_000; i += 1) deps.events.emit(id, textEvent(1, i, 'a'));
    await expect(events.next()).rejects.toMatchObject({ code: 'OVERLOADED' });
  });
});
