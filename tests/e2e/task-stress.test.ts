import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/calling.ts';
import { expectSoundBooks } from '../support/calls.ts';
import { type Answered, type Asked, PoolStage } from '../support/pool.ts';
import { seeded } from '../support/random.ts';
import { expectChain } from '../support/switches.ts';

const KEYS = 40;
const TASKS = 12;

describe('many tasks over many small keys, on an upstream that fails in every way', () => {
  let stage: PoolStage;
  const caps = new Map<string, number>();
  const ids: string[] = [];
  beforeAll(async () => {
    stage = await PoolStage.open({ TALLY_POOL_TASKS_MAX: '6', TALLY_RETRIES_MAX: '0' });
    for (let i = 0; i < KEYS; i += 1) {
      const cap = 4_000 + i * 900;
      caps.set(`sk-small-${i}`, cap);
      ids.push(await stage.give(`sk-small-${i}`, cap));
    }
  });
  afterAll(async () => {
    await stage.close();
  });

  it('no key is billed beyond its cap, every switch is recorded, and nothing stays held or stuck', async () => {
    const random = seeded(20261121);
    const faults: ((asked: Asked) => Answered)[] = [
      () => ({ status: 429 }),
      () => ({ status: 500 }),
      () => ({ status: 401 }),
      ({ limit }) => ({ text: 'broken off', tokens: Math.min(limit, 900), dies: true }),
    ];
    stage.upstream.script = (asked) => {
      const chance = random();
      const fault = faults[Math.floor(chance * 40)];
      if (fault !== undefined) return fault(asked);
      const tokens = 40 + Math.floor(random() * Math.min(asked.limit, 2_500));
      return { text: `${'word '.repeat(12)}`, tokens: Math.min(tokens, asked.limit), stop: random() < 0.7 ? 'length' : 'stop' };
    };
    const modes = [{ estimated_tokens: 12_000 }, { max_total_tokens: 25_000 }, { max_total_tokens: 60_000 }];
    const answers = await Promise.all(
      Array.from({ length: TASKS }, (_, i) => stage.execute({ task_description: `Task ${i}.`, turn_output_min: 1_500, ...modes[i % 3] })),
    );
    expect(answers.filter(({ state }) => state === 'done').length).toBeGreaterThan(0);
    for (const { task_id, state } of answers) if (state === 'waiting') await stage.post(`/tasks/${task_id}/cancel`, {});
    for (const [key, billed] of stage.upstream.billed) expect([key, billed <= (caps.get(key) ?? 0)]).toEqual([key, true]);
    for (const id of ids) {
      const account = await eventually(`key ${id} holds nothing`, async () => {
        const found = await stage.account(id);
        return found.held === 0 ? found : null;
      });
      expect(account.spent).toBeLessThanOrEqual(account.limit);
    }
    // Each task was charged what its own turns say, what was delivered is within its budget, and it tells of each key that it went over to.
    let switches = 0;
    for (const { task_id } of answers) {
      const task = await stage.task(task_id);
      expect(['done', 'failed', 'cancelled']).toContain(task.state);
      const sum = (turns: typeof task.turns) => turns.reduce((all, { tokens }) => all + (tokens ?? 0), 0);
      expect(task.tokens_used).toBe(sum(task.turns));
      expect(sum(task.turns.filter(({ state }) => state === 'ended'))).toBeLessThanOrEqual(Number(task['tokens']));
      expectChain(task);
      switches += task.switches.length;
    }
    expect(switches).toBeGreaterThan(0);
    expect((await stage.get<{ switches: number }>('/status')).json.switches).toBe(switches);
    await expectSoundBooks(stage.daemon);
  });
});
