import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../support/calling.ts';
import { expectSoundBooks } from '../support/calls.ts';
import { PoolStage } from '../support/pool.ts';
import { describePostgres, freshDatabase } from '../support/postgres.ts';

const CAP = 60_000;

describe('kill -9 in the midst of a task', () => {
  let stage: PoolStage | null = null;
  afterEach(async () => {
    await stage?.close();
    stage = null;
  });

  /** What the upstream itself has counted, against what each key was given for. */
  const expectWithinCaps = (pool: PoolStage, cap: number) => {
    for (const [key, billed] of pool.upstream.billed) expect([key, billed <= cap]).toEqual([key, true]);
  };

  it('goes on: what was told stays, the cut call’s hold is spent, and nothing is asked twice', async () => {
    const pool = await PoolStage.open();
    stage = pool;
    const keys = [await pool.give('sk-kill-one', CAP), await pool.give('sk-kill-two', CAP), await pool.give('sk-kill-three', CAP)];
    const parts = ['The first part, told slowly enough to be killed in its midst, word after word after word. ', 'The rest.'];
    pool.upstream.script = (_, number) =>
      number === 1 ? { text: parts[0] ?? '', tokens: 9_000, slowMs: 250 } : { text: parts[1] ?? '', tokens: 700 };
    const body = { task_description: 'Survive.', provider: 'played', max_total_tokens: 150_000, stream: true };
    let [taskId, told, last] = ['', '', ''];
    for await (const { event, id, data } of pool.events('/execute', { method: 'POST', body: JSON.stringify(body) })) {
      taskId ||= String(data['task_id']);
      if (event === 'text') told += String(data['text']);
      last = id ?? last;
      if (told !== '') break;
    }
    await pool.restart('SIGKILL');
    const task = await pool.until(taskId, 'done');
    expect(task.result.startsWith(told)).toBe(true);
    expect(task.result.endsWith('The rest.')).toBe(true);
    expect(task.turns.map(({ state }) => state)).toEqual(['cut', 'ended']);
    // The provider billed 9,000 and nobody was told so: the whole hold is spent, and no more than the key was given for.
    expect(pool.upstream.asked).toHaveLength(2);
    expect(task.turns[0]?.tokens).toBeGreaterThanOrEqual(9_000);
    for (const id of keys) {
      const { held, spent } = await pool.account(id);
      expect([held, spent <= CAP]).toEqual([0, true]);
    }
    expectWithinCaps(pool, CAP);
    // Who reads on from where it stopped misses nothing, and reads nothing twice.
    let rest = '';
    for await (const { event, data } of pool.events(`/tasks/${taskId}/events`, { headers: { 'last-event-id': last } })) {
      if (event === 'text') rest += String(data['text']);
    }
    expect(told + rest).toBe(task.result);
    await expectSoundBooks(pool.daemon);
  });

  it('a pre-allocated task keeps its reservation over the restart, and frees it at its end', async () => {
    const pool = await PoolStage.open();
    stage = pool;
    const keys = [await pool.give('sk-held-one', CAP), await pool.give('sk-held-two', CAP)];
    pool.upstream.script = (_, number) =>
      number === 1 ? { text: 'Reserved and cut. '.repeat(6), tokens: 5_000, slowMs: 200 } : { text: 'Ended.', tokens: 300 };
    const body = { task_description: 'Hold.', provider: 'played', estimated_tokens: 100_000, stream: true };
    let taskId = '';
    for await (const { event, data } of pool.events('/execute', { method: 'POST', body: JSON.stringify(body) })) {
      taskId ||= String(data['task_id']);
      if (event === 'text') break;
    }
    await pool.restart('SIGKILL');
    const task = await pool.until(taskId, 'done');
    expect(task.turns.at(-1)).toMatchObject({ state: 'ended', tokens: 300 });
    expect(task.tokens_used).toBeLessThanOrEqual(100_000);
    for (const id of keys) expect((await pool.account(id)).held).toBe(0);
    expectWithinCaps(pool, CAP);
    await expectSoundBooks(pool.daemon);
  });

  it('again and again at any moment, with several tasks: no cap is passed, and each task ends whole', async () => {
    const pool = await PoolStage.open();
    stage = pool;
    for (let i = 0; i < 8; i += 1) await pool.give(`sk-storm-${i}`, 200_000);
    pool.upstream.script = ({ messages }) => {
      const written = messages.find(({ role }) => role === 'assistant')?.content ?? '';
      const next = (written.match(/step/g) ?? []).length;
      return { text: `step ${next}; `.padEnd(60, '.'), tokens: 1_200, stop: next < 3 ? 'length' : 'stop', slowMs: 60 };
    };
    const bodies = [0, 1, 2].map((i) => ({ task_description: `Task ${i}.`, provider: 'played', max_total_tokens: 600_000, stream: true }));
    const ids = await Promise.all(
      bodies.map(async (body) => {
        for await (const { data } of pool.events('/execute', { method: 'POST', body: JSON.stringify({ ...body, turn_output_min: 1_000 }) }))
          return String(data['task_id']);
        return '';
      }),
    );
    for (const ms of [150, 420, 90]) {
      await sleep(ms);
      await pool.restart('SIGKILL');
    }
    for (const id of ids) {
      const task = await pool.until(id, 'done', 'failed', 'waiting');
      expect([task.state, task.error]).toEqual(['done', undefined]);
      expect(task.result).toMatch(/^step 0; [\s\S]*step 3; \.+$/);
    }
    expectWithinCaps(pool, 200_000);
    await eventually('nothing is held', async () => {
      const { body } = await pool.daemon.admin<{ sources: { held: string }[] }>('/sources');
      return body.sources.every(({ held }) => held === '0');
    });
    await expectSoundBooks(pool.daemon);
  });
});

describePostgres('kill -9 in the midst of a task whose books are on PostgreSQL', () => {
  it('a pre-allocated task goes on within its reservation, and frees it', async () => {
    const database = await freshDatabase();
    const pool = await PoolStage.open({ DATABASE_URL: database.url });
    try {
      const keys = [await pool.give('sk-shared-one', CAP), await pool.give('sk-shared-two', CAP)];
      pool.upstream.script = (_, number) =>
        number === 1 ? { text: 'Cut in the midst. '.repeat(6), tokens: 2_000, slowMs: 250 } : { text: 'Ended.', tokens: 500 };
      const body = { task_description: 'Share.', provider: 'played', estimated_tokens: 90_000, stream: true };
      let taskId = '';
      for await (const { event, data } of pool.events('/execute', { method: 'POST', body: JSON.stringify(body) })) {
        taskId ||= String(data['task_id']);
        if (event === 'text') break;
      }
      await pool.restart('SIGKILL');
      const task = await pool.until(taskId, 'done');
      expect(task.result).toMatch(/^Cut in the midst[\s\S]*Ended\.$/);
      for (const id of keys) expect((await pool.account(id)).held).toBe(0);
      for (const [key, billed] of pool.upstream.billed) expect([key, billed <= CAP]).toEqual([key, true]);
      await expectSoundBooks(pool.daemon);
    } finally {
      await pool.close();
      await database.drop();
    }
  });
});
