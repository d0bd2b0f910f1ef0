import { TallyError } from '@tallystick/core';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { SettleRequest } from '#ledger';
import { freeze, settleHeld } from './closing.ts';
import type { GatewayDeps } from './deps.ts';
import type { Held } from './hold.ts';
import { Sources } from './sources.ts';

const HELD = { holdId: 'h', bound: { total: 100n }, source: { row: { id: 's' } } } as unknown as Held;
const request = (tokens: bigint) => () => ({ tokens }) as SettleRequest;

/** A ledger that answers `faults` first, one by one, and then does what it is asked. */
function stage(...faults: string[]) {
  const asked: string[] = [];
  const next = (what: string) => {
    asked.push(what);
    const code = faults.shift();
    return code === undefined ? Promise.resolve() : Promise.reject(new TallyError(code as 'LEDGER_UNAVAILABLE'));
  };
  const sources = new Sources([], {} as never);
  const ledger = {
    setState: (_: string, state: string) => next(state),
    settle: () => next('settle').then(() => ({ result: 'settled', receiptId: 'r', overrun: 5n })),
  };
  const log = { error: () => {} };
  const deps = { sources, ledger, log, metrics: { overrun: { inc: () => {} } }, onReceipt: () => {} } as unknown as GatewayDeps;
  return { deps, asked, suspended: () => sources.isSuspended('s') };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('nothing is held on a source from the moment that it overruns until the books have it', async () => {
  const { deps, asked, suspended } = stage();
  freeze(deps, HELD, 'x');
  expect([asked, suspended()]).toEqual([['frozen'], true]);
  await vi.advanceTimersByTimeAsync(0);
  expect(suspended()).toBe(false);
});

it('a freeze that the books cannot take now is tried until they can; the source waits', async () => {
  const { deps, asked, suspended } = stage('LEDGER_UNAVAILABLE', 'LEDGER_UNAVAILABLE');
  freeze(deps, HELD, 'x');
  await vi.advanceTimersByTimeAsync(900);
  expect([asked.length, suspended()]).toEqual([1, true]);
  await vi.advanceTimersByTimeAsync(1000);
  expect([asked.length, suspended()]).toEqual([2, true]);
  await vi.advanceTimersByTimeAsync(1000);
  expect([asked.length, suspended()]).toEqual([3, false]);
});

it('an overrun whose settlement fails is a freeze, also where the failure may pass', async () => {
  const { deps, asked, suspended } = stage('LEDGER_UNAVAILABLE', 'LEDGER_UNAVAILABLE');
  await settleHeld(deps, HELD, request(105n), false);
  await vi.advanceTimersByTimeAsync(0);
  expect([asked, suspended()]).toEqual([['settle', 'frozen'], true]);
  await vi.advanceTimersByTimeAsync(1000);
  expect([asked, suspended()]).toEqual([['settle', 'frozen', 'frozen'], false]);
});

it('a call within its hold freezes nothing where the books are away for a moment', async () => {
  const { deps, asked, suspended } = stage('LEDGER_UNAVAILABLE');
  await settleHeld(deps, HELD, request(5n), false);
  expect([asked, suspended()]).toEqual([['settle'], false]);
});

it('one that cannot be accounted for at all does', async () => {
  const { deps, asked } = stage('INTERNAL');
  await settleHeld(deps, HELD, request(5n), false);
  expect(asked).toEqual(['settle', 'frozen']);
});

it('gives up where the ledger is closed', async () => {
  const { deps, asked, suspended } = stage('LEDGER_CLOSED');
  freeze(deps, HELD, 'x');
  await vi.advanceTimersByTimeAsync(60_000);
  expect([asked.length, suspended()]).toEqual([1, true]);
});
