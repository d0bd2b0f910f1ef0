import { setTimeout as sleep } from 'node:timers/promises';
import { TallyError } from '@tallystick/core';
import { afterEach, describe, expect, it } from 'vitest';
import type { TaskDeps } from './deps.ts';
import { Tasks } from './tasks.ts';
import { PoolDouble, testOrder } from './testing.ts';
import type { Task, TaskState } from './types.ts';

const WAIT_MS = 5_000;
const TEXT = { description: 'Write.', system: null };

let stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(stops.map((stop) => stop()));
  stops = [];
});

function started(deps: TaskDeps): Tasks {
  const tasks = new Tasks(deps);
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

/** Turns without end, each of which waits until it is let go. */
function slowly(pool: PoolDouble): () => void {
  let release = () => {};
  pool.play = async () => {
    await new Promise<void>((resolve) => {
      release = resolve;
    });
    return { text: 'more ', tokens: 500n, stop: 'length' };
  };
  return () => release();
}

async function called(pool: PoolDouble, times: number): Promise<void> {
  for (const end = performance.now() + WAIT_MS; pool.requests.length < times; await sleep(5))
    if (performance.now() > end) throw new Error(`${pool.requests.length} calls`);
}

describe('a task that is cancelled makes no further call', () => {
  it('where it begins to run at that moment', async () => {
    const pool = new PoolDouble().key('A', 400_000n);
    const release = slowly(pool);
    const deps = pool.deps();
    let tasks: Tasks | null = null;
    const audit = async (kind: string, id: string) => {
      if (kind !== 'task.cancelled' || tasks === null) return;
      await tasks.queue(id).catch(() => {});
      await until(tasks, id, 'running');
      await called(pool, 1);
    };
    tasks = started({ ...deps, watch: { ...deps.watch, audit }, approval: { decide: async () => 'waits' } });
    const { id } = await tasks.propose(testOrder(), TEXT, 'operator');
    setTimeout(release, 200);
    expect((await tasks.cancel(id)).state).toBe('cancelled');
    release();
    await sleep(100);
    expect(pool.requests).toHaveLength(1);
    expect((await tasks.find(id)).state).toBe('cancelled');
  });

  it('where another host runs it, and what was reserved for it is free', async () => {
    const pool = new PoolDouble().key('A', 400_000n);
    const release = slowly(pool);
    const here = started(pool.deps());
    const there = new Tasks({ ...pool.deps(), host: async () => 'there' });
    const { id } = await here.propose(testOrder({ mode: 'pre_allocated', tokens: 100_000n }), TEXT, 'operator');
    await called(pool, 1);
    await there.cancel(id);
    release();
    await sleep(100);
    expect(pool.requests).toHaveLength(1);
    expect(await here.find(id)).toMatchObject({ state: 'cancelled', allotment: null });
    expect([pool.account('A').held, pool.account(id).held]).toEqual([0n, 0n]);
  });

  it('where the host that ran it is gone, and what was reserved for it is free', async () => {
    const pool = new PoolDouble().key('A', 400_000n);
    const deps = pool.deps();
    const there = new Tasks({ ...deps, host: async () => 'there', approval: { decide: async () => 'waits' } });
    const { id } = await there.propose(testOrder({ mode: 'pre_allocated', tokens: 100_000n }), TEXT, 'operator');
    // What a crash leaves.
    const allotment = { reservationId: 'r1', shares: [{ keyId: 'A', amount: 100_000n }] };
    await deps.budgets.open(await deps.books.task(id));
    await deps.books.update(id, (task) => ({ ...task, state: 'running', host: 'gone', queuedAt: 1, allotment }));
    await deps.reservations.reserve(id, 'r1', allotment.shares);
    expect(pool.account('A').held).toBe(100_000n);
    await there.cancel(id);
    expect([pool.account('A').held, pool.account(id).held]).toEqual([0n, 0n]);
  });
});

it('a task reserves what its budget has left, also where a call that nobody remembers was charged to it', async () => {
  const pool = new PoolDouble().key('A', 100_000n).key('B', 200_000n);
  pool.play = (_, number) => ({ text: 'more ', tokens: 500n, stop: number === 2 ? 'end' : 'length' });
  let stopped = false;
  pool.refuse = () => (stopped ? new TallyError('POOL_STOPPED') : null);
  const play = pool.play;
  pool.play = (request, number) => {
    stopped = number === 1;
    return play(request, number);
  };
  const tasks = started(pool.deps());
  const { id } = await tasks.propose(testOrder({ mode: 'pre_allocated', tokens: 150_000n }), TEXT, 'operator');
  await until(tasks, id, 'waiting');
  pool.account(id).spent += 60_000n;
  stopped = false;
  await until(tasks, id, 'done');
  expect(pool.account(id)).toMatchObject({ held: 0n, spent: 61_000n });
});

it('no donor has so many open tasks that others have none', async () => {
  const pool = new PoolDouble();
  const tasks = new Tasks({ ...pool.deps(), approval: { decide: async () => 'waits' } });
  const propose = (by: string) => tasks.propose(testOrder(), TEXT, by);
  for (let i = 0; i < 16; i += 1) await propose('account:a');
  await expect(propose('account:a')).rejects.toMatchObject({ code: 'OVERLOADED' });
  await propose('account:b');
  for (let i = 0; i < 20; i += 1) await propose('operator');
});
