import { expect } from 'vitest';
import type { ExecuteAnswer } from './pool.ts';

/**
 * Each switch goes on from where the last one led, and every key of a turn is one that a switch led to. A turn that came to nothing and was made
 * again with another key leaves a switch of its own, so there may be more of them than changes between the turns.
 */
export function expectChain({ task_id, turns, switches }: ExecuteAnswer): void {
  for (const [at, { from }] of switches.slice(1).entries()) expect([task_id, from]).toEqual([task_id, switches[at]?.to]);
  const led = new Set([switches[0]?.from ?? turns[0]?.key_id, ...switches.map(({ to }) => to)]);
  const changes = turns.slice(1).filter(({ key_id }, at) => key_id !== turns[at]?.key_id).length;
  expect([task_id, turns.filter(({ key_id }) => !led.has(key_id))]).toEqual([task_id, []]);
  expect(switches.length).toBeGreaterThanOrEqual(changes);
}
