import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type SourceView, wrongs } from '../calling.ts';
import { noOpenHolds } from '../calls.ts';
import type { View } from '../donating.ts';
import type { ExecuteAnswer } from '../pool.ts';
import type { PoolStatus } from '../pool-status.ts';
import { expectChain } from '../switches.ts';
import type { HalfYear } from './year.ts';

export type Listed = View & { readonly provider: string; readonly donated_tokens: number };
type Breach = { readonly evidence: Readonly<Record<string, string>>; readonly signature: string; readonly filed: boolean };

/** The half-year as the books have it at its end. */
export type Ending = {
  readonly status: PoolStatus;
  readonly donations: readonly Listed[];
  readonly sources: ReadonlyMap<string, SourceView>;
  readonly tasks: readonly ExecuteAnswer[];
  readonly breaches: readonly Breach[];
  readonly switches: readonly Switched[];
};

type Switched = { readonly id: string; readonly task_id: string };

async function switchesOf({ stage }: HalfYear): Promise<readonly Switched[]> {
  const found: Switched[] = [];
  for (;;) {
    const after = found.at(-1)?.id;
    const { json } = await stage.get<{ switches: readonly Switched[] }>(
      `/switches?limit=100${after === undefined ? '' : `&after=${after}`}`,
    );
    found.push(...json.switches);
    if (json.switches.length < 100) return found;
  }
}

export async function endingOf(year: HalfYear): Promise<Ending> {
  const { stage, work } = year;
  await noOpenHolds(stage.daemon);
  const { body } = await stage.daemon.admin<{ sources: readonly SourceView[] }>('/sources');
  return {
    status: (await stage.get<PoolStatus>('/status')).json,
    donations: (await stage.get<{ donations: readonly Listed[] }>('/donations')).json.donations,
    sources: new Map(body.sources.map((source) => [source.id, source])),
    tasks: await work.all(),
    breaches: (await stage.get<{ breaches: readonly Breach[] }>('/breaches')).json.breaches,
    switches: await switchesOf(year),
  };
}

/** All that has to be true, whatever happened. */
export async function expectAllTrue(year: HalfYear, ending: Ending): Promise<void> {
  expectWithinCaps(year, ending);
  expectFrozenLiar(year, ending);
  expectDestroyed(year, ending);
  expectSums(ending);
  expectSwitches(ending);
  await expectReceipts(year, ending);
  expect(await wrongs(year.stage.daemon)).toEqual([]);
  expectNoKeyToldOf(year);
}

function sourceOf({ sources }: Ending, id: string): SourceView {
  const found = sources.get(id);
  if (found === undefined) throw new Error(`the books do not know ${id}`);
  return found;
}

/** By the provider's own count. */
function expectWithinCaps({ stage, community, plan }: HalfYear, ending: Ending): void {
  for (const { gift, id, lowered } of community.kept.values()) {
    if (gift.apiKey === plan.liar) continue;
    const billed = stage.upstream.billed.get(gift.apiKey) ?? 0;
    const { spent, overrun, held } = sourceOf(ending, id);
    const most = lowered === null ? gift.tokens : Math.max(lowered.limit, lowered.spent);
    expect([gift.number, billed <= gift.tokens, billed <= Number(spent), Number(spent) <= most]).toEqual([gift.number, true, true, true]);
    expect([gift.number, overrun, held]).toEqual([gift.number, '0', '0']);
  }
}

/** One visible overrun, with which it is frozen: only what was in flight then is beyond the cap, and each such call has its evidence. */
function expectFrozenLiar({ stage, community, plan, providers, work }: HalfYear, ending: Ending): void {
  const liar = [...community.kept.values()].find(({ gift }) => gift.apiKey === plan.liar);
  if (liar === undefined) throw new Error('the liar was never given');
  const { spent, overrun, state } = sourceOf(ending, liar.id);
  expect(providers.faults.lies).toBeGreaterThan(0);
  expect(work.starts).toBeGreaterThan(0);
  expect([state, ending.status.breaches]).toEqual(['frozen', providers.faults.lies]);
  expect(ending.breaches.map(({ filed, evidence }) => [filed, evidence['source_id']])).toEqual(ending.breaches.map(() => [true, liar.id]));
  expect(ending.breaches.reduce((sum, { evidence }) => sum + Number(evidence['excess']), 0)).toBe(Number(overrun));
  // Nothing that it billed is missing in the books, and nothing was sent to it after.
  expect(stage.upstream.billed.get(plan.liar)).toBe(Number(spent) + Number(overrun));
  expect(stage.upstream.asked.filter(({ key }) => key === plan.liar)).toHaveLength(providers.faults.lies);
}

/** What has ended is destroyed: its sealed file and its slot are gone, and those of the others are there. */
function expectDestroyed({ stage }: HalfYear, { donations }: Ending): void {
  const files = readdirSync(join(stage.daemon.dir, 'data'), { recursive: true }).map(String);
  const own = (id: string) => files.filter((file) => file.endsWith(`${id}.seal`) || file.endsWith(`${id}.slot`)).length;
  for (const { key_id, state, end, destruction } of donations) {
    const isOver = state === 'destroyed';
    expect([key_id, own(key_id), end !== null, destruction !== null]).toEqual([key_id, isOver ? 0 : 2, isOver, isOver]);
  }
}

/** What everyone is told is what the books say. */
function expectSums(ending: Ending): void {
  const { status, donations, tasks } = ending;
  const accepted = donations.filter(({ end }) => end?.as !== 'rejected');
  const sum = (of: (each: Listed) => number, which = accepted) => which.reduce((total, each) => total + of(each), 0);
  const spentOf = ({ key_id }: Listed) => Number(sourceOf(ending, key_id).spent);
  const { used, held, remaining, lapsed, donated } = status.tokens;
  expect([status.total_keys_donated, status.total_tokens_donated]).toEqual([accepted.length, sum((each) => each.donated_tokens)]);
  expect([status.total_tokens_used, used, held]).toEqual([sum(spentOf), sum(spentOf), 0]);
  expect(used + remaining + lapsed).toBe(donated);
  for (const [provider, of] of Object.entries(status.by_provider)) {
    const theirs = accepted.filter((each) => each.provider === provider);
    expect([of['total_keys'], of['donated_tokens'], of['used_tokens']]).toEqual([
      theirs.length,
      sum((each) => each.donated_tokens, theirs),
      sum(spentOf, theirs),
    ]);
  }
  expect(status.tasks['done']).toBe(tasks.length);
}

/** Every change of keys is a switch, told with its task and by the pool. */
function expectSwitches({ status, tasks, switches: all }: Ending): void {
  for (const task of tasks) expectChain(task);
  expect(all).toHaveLength(status.switches);
  const counted = (id: string) => all.filter(({ task_id }) => task_id === id).length;
  for (const { task_id, switches } of tasks) expect([task_id, counted(task_id)]).toEqual([task_id, switches.length]);
}

type Bundle = { readonly receipt?: { readonly charged?: string } };

async function expectReceipts({ stage }: HalfYear, { tasks }: Ending): Promise<void> {
  for (const { task_id, turns, tokens_used, by_key, ...task } of tasks) {
    expect([task_id, task.state]).toEqual([task_id, 'done']);
    let sum = 0;
    for (const { receipt } of turns) sum += await chargedOf(stage.daemon.url, receipt);
    expect([task_id, sum]).toEqual([task_id, tokens_used]);
    expect(by_key.reduce((total, { tokens }) => total + tokens, 0)).toBe(tokens_used);
    // The budget pays what was delivered; what a call of unknown outcome held beyond that, its key has paid alone.
    const delivered = turns.reduce((total, { state, tokens }) => total + (state === 'ended' ? (tokens ?? 0) : 0), 0);
    expect(delivered).toBeLessThanOrEqual(Number(task['tokens']));
  }
}

async function chargedOf(url: string, receipt: string | null): Promise<number> {
  if (receipt === null) return 0;
  const response = await fetch(`${url}/api/receipts/${receipt}`);
  expect([receipt, response.status]).toEqual([receipt, 200]);
  return Number(((await response.json()) as Bundle).receipt?.charged);
}

function expectNoKeyToldOf({ stage, plan }: HalfYear): void {
  const said = stage.daemon.stdout() + stage.daemon.stderr();
  expect(plan.gifts.filter(({ apiKey }) => said.includes(apiKey))).toEqual([]);
}
