import { afterAll, beforeAll, expect, it } from 'vitest';
import { PoolStage } from '../support/pool.ts';

const KEYS = 14;
const CAP = 60_000;

let stage: PoolStage;
beforeAll(async () => {
  stage = await PoolStage.open();
});
afterAll(async () => {
  await stage.close();
});

it('many keys whose remainders are just too small do not keep a task from one that has enough', async () => {
  // The provider counts more than was taken for the input, so that a call on a remainder is refused only when it is counted.
  stage.upstream.script = ({ limit }) =>
    limit > 40_000 ? { text: 'One. ', tokens: 46_000, stop: 'length' } : { text: 'Two.', tokens: Math.min(limit, 6_500) };
  const switches: number[] = [];
  const more = { provider: 'anthropic', count_consent: true };
  for (let i = 0; i < KEYS; i += 1) {
    await stage.give(`sk-ant-api03-remainder-of-many-${i}`, CAP, more);
    const answer = await stage.execute({ provider: 'anthropic', max_total_tokens: 100_000, turn_output_min: 512 });
    switches.push(answer.switches.length);
    expect([i, answer.success]).toEqual([i, true]);
  }
  // What one refusal has taught is not found out anew on each key.
  expect(Math.max(...switches)).toBeLessThan(3);
});
