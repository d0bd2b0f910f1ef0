import { verifyBreach } from '@tallystick/core';
import { Command } from 'commander';
import { action, type Context, type Mount } from '../../context.ts';
import type { Exit } from '../../exit-codes.ts';
import { count } from '../../parse.ts';
import type { Column } from '../../table.ts';
import { time } from '../../time.ts';
import { lockoutText, printStatus, type StatusView } from './status-view.ts';

const BASE = '/api/ai-pool';
const OPEN = { open: true } as const;

type Leader = {
  readonly rank: number;
  readonly donor: string;
  readonly labels: readonly string[];
  readonly keys: number;
  readonly given_tokens: number;
  readonly used_tokens: number;
  readonly tasks_helped: number;
};
type SwitchView = {
  readonly id: string;
  readonly task_id: string;
  readonly turn: number;
  readonly from: string;
  readonly to: string;
  readonly reason: string;
  readonly tokens_left: number;
  readonly at: number;
};
type BreachView = {
  readonly evidence: {
    readonly source_id: string;
    readonly hold_id: string;
    readonly excess: string;
    readonly receipt_id: string;
    readonly at: number;
  };
  readonly signature: string;
  readonly signer: string;
  readonly stopped: boolean;
};

const LEADERS: readonly Column[] = [
  { head: 'rank', number: true },
  { head: 'donor' },
  { head: 'labels' },
  { head: 'keys', number: true },
  { head: 'given', number: true },
  { head: 'used', number: true },
  { head: 'tasks helped', number: true },
];
const SWITCHES: readonly Column[] = [
  { head: 'at' },
  { head: 'task' },
  { head: 'turn', number: true },
  { head: 'from' },
  { head: 'to' },
  { head: 'reason' },
  { head: 'tokens left', number: true },
];
const BREACHES: readonly Column[] = [
  { head: 'at' },
  { head: 'hold' },
  { head: 'key id' },
  { head: 'excess', number: true },
  { head: 'receipt' },
  { head: 'pool' },
  { head: 'evidence' },
];

/** What the pool tells everyone: no token is sent. */
export function statusCommands(mount: Mount): readonly Command[] {
  return [
    new Command('status').description('what was given, used and is left; lockout, stops and tasks').action(action(mount, status)),
    new Command('lockout').description('whether the pool is open, and when it opens').action(action(mount, lockout)),
    new Command('leaderboard')
      .description('donors by what they gave')
      .option('--from <rank>', 'begin with this rank')
      .option('--limit <n>', 'at most so many, 1 to 100')
      .action(action(mount, leaderboard)),
    paged(new Command('switches')).description('which task went on with which other key, and why').action(action(mount, switches)),
    paged(new Command('breaches'))
      .description('signed evidence of upstreams that billed beyond their limit, verified (exit 5: some does not hold)')
      .action(action(mount, breaches)),
  ];
}

type Page = { readonly after?: string; readonly limit?: string };

/** The options of what is listed by pages. */
export function paged(command: Command): Command {
  return command.option('--after <id>', 'those after this one').option('--limit <n>', 'at most so many, 1 to 100');
}

export function pageOf({ after, limit }: Page, more: Readonly<Record<string, string | undefined>> = {}): string {
  const asked = { ...more, after, limit: limit === undefined ? undefined : String(count(limit, '--limit')) };
  const given = Object.entries(asked).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as [string, string]]));
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
}

async function status(context: Context): Promise<void> {
  printStatus(context, await context.client.get<StatusView>(`${BASE}/status`, OPEN));
}

async function lockout({ client, out }: Context): Promise<void> {
  const { lockout } = await client.get<StatusView>(`${BASE}/status`, OPEN);
  out.fields(lockout, [
    ['pool', lockoutText(lockout)],
    ['launched', time(lockout.launched_at)],
    ['opens', time(lockout.unlocks_at)],
  ]);
}

async function leaderboard({ client, out }: Context, { from, limit }: { readonly from?: string; readonly limit?: string }): Promise<void> {
  const query = pageOf(limit === undefined ? {} : { limit }, { from: from === undefined ? undefined : String(count(from, '--from')) });
  const answer = await client.get<{ leaders: readonly Leader[] }>(`${BASE}/leaderboard${query}`, OPEN);
  const rows = answer.leaders.map(({ rank, donor, labels, keys, given_tokens, used_tokens, tasks_helped }) => [
    String(rank),
    donor,
    labels.join(', '),
    ...[keys, given_tokens, used_tokens, tasks_helped].map(String),
  ]);
  out.table(answer, LEADERS, rows);
}

async function switches({ client, out }: Context, page: Page): Promise<void> {
  const answer = await client.get<{ switches: readonly SwitchView[] }>(`${BASE}/switches${pageOf(page)}`, OPEN);
  const rows = answer.switches.map(({ at, task_id, turn, from, to, reason, tokens_left }) => [
    time(at),
    task_id,
    String(turn),
    from,
    to,
    reason,
    String(tokens_left),
  ]);
  out.table(answer, SWITCHES, rows);
}

async function breaches({ client, out }: Context, page: Page): Promise<Exit> {
  const answer = await client.get<{ breaches: readonly BreachView[] }>(`${BASE}/breaches${pageOf(page)}`, OPEN);
  const verdicts = answer.breaches.map(({ evidence, signature, signer }) => verifyBreach({ evidence, signature, signer }).ok);
  const rows = answer.breaches.map(({ evidence, stopped }, at) => [
    time(evidence.at),
    evidence.hold_id,
    evidence.source_id,
    evidence.excess,
    evidence.receipt_id,
    stopped ? 'stopped' : 'went on',
    verdicts[at] === true ? 'verifies' : 'does NOT verify',
  ]);
  out.table(answer, BREACHES, rows);
  return verdicts.every((ok) => ok) ? 'ok' : 'unverified';
}
