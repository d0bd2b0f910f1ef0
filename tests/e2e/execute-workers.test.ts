import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectSoundBooks } from '../support/calls.ts';
import { PoolStage } from '../support/pool.ts';

describe('tasks where workers serve the callers', () => {
  let stage: PoolStage;
  beforeAll(async () => {
    stage = await PoolStage.open({ TALLY_WORKERS: '2' });
  });
  afterAll(async () => {
    await expectSoundBooks(stage.daemon);
    await stage.close();
  });

  it('run through the workers’ door, and are told of as they go', async () => {
    const [a, b] = [await stage.give('sk-worker-a', 40_000), await stage.give('sk-worker-b', 90_000)];
    stage.upstream.script = (_, number) =>
      number === 1
        ? { text: 'Told before it ends, piece by piece. '.repeat(3), tokens: 30_000, stop: 'length', slowMs: 200 }
        : { text: 'Ended.', tokens: 400 };
    const body = { task_description: 'Stream.', provider: 'played', max_total_tokens: 100_000, stream: true };
    const seen: { event: string; at: number; data: Record<string, unknown> }[] = [];
    for await (const { event, data } of stage.events('/execute', { method: 'POST', body: JSON.stringify(body) }))
      seen.push({ event, at: performance.now(), data });
    const [first, last] = [seen.find(({ event }) => event === 'text'), seen.at(-1)];
    expect(last?.event).toBe('done');
    expect((last?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(150);
    expect(last?.data).toMatchObject({ success: true, tokens_used: 30_400, by_key: [{ key_id: a }, { key_id: b }] });
  });

  it('go on where their caller leaves, and answer in one piece where that is asked for', async () => {
    stage.upstream.script = () => ({ text: 'Slow enough to be left alone.'.repeat(4), tokens: 300, slowMs: 100 });
    const left = new AbortController();
    const body = { task_description: 'Leave.', provider: 'played', max_total_tokens: 20_000, stream: true };
    let id = '';
    await expect(async () => {
      for await (const { data } of stage.events('/execute', { method: 'POST', body: JSON.stringify(body), signal: left.signal })) {
        id ||= String(data['task_id']);
        left.abort();
      }
    }).rejects.toThrow();
    expect((await stage.until(id, 'done')).result).toContain('left alone.');
    const whole = await stage.execute({ estimated_tokens: 15_000 });
    expect(whole).toMatchObject({ success: true, tokens_used: 300, keys_used: 1 });
  });
});
