import { Command } from 'commander';
import { action, type Context, type Mount } from '../context.ts';
import { amount, seconds, when } from '../parse.ts';
import type { Column, Field } from '../table.ts';
import { time } from '../time.ts';

const BASE = '/api/admin/keys';

/** A virtual key as the daemon shows it. The key itself is only in the answer to its making. */
type KeyView = {
  readonly id: string;
  readonly name: string;
  readonly hint: string;
  readonly state: string;
  readonly limit: string | null;
  readonly held: string;
  readonly spent: string;
  readonly sources: readonly string[] | null;
  readonly created_at: number;
  readonly expires_at: number | null;
  readonly replay_s: number;
};
type CreateOptions = {
  readonly name: string;
  readonly limit?: string;
  readonly credits?: string;
  readonly source?: readonly string[];
  readonly expires?: string;
  readonly replay?: string;
};

const COLUMNS: readonly Column[] = [
  { head: 'id' },
  { head: 'name' },
  { head: 'key' },
  { head: 'state' },
  { head: 'limit', number: true },
  { head: 'held', number: true },
  { head: 'spent', number: true },
  { head: 'expires' },
];

export function keyCommand(mount: Mount): Command {
  const key = new Command('key').description('demand: virtual keys that callers use');
  key
    .command('create')
    .description('make a virtual key; it is printed this once and stored hashed')
    .option('--name <name>', 'what to call it', 'key')
    .option('--limit <tokens>', 'most that it may spend in all (default: no limit of its own)')
    .option('--credits <base units>', 'most credits that it may spend, in millionths of a credit')
    .option('--source <id...>', 'use these sources only')
    .option('--expires <when>', 'date, time with zone, or span (30d)')
    .option('--replay <span>', 'keep answers sealed for so long, for retries with an idempotency key (24h at most)')
    .action(action(mount, createKey));
  key.command('list').description('all virtual keys, without the keys themselves').action(action(mount, listKeys));
  key
    .command('revoke <id>')
    .description('refuse it from the next call on; this is final')
    .option('--reason <text>', 'for the audit log')
    .action(
      action(mount, async ({ client, out }: Context, id: string, { reason }: { reason?: string }) => {
        const view = await client.post<KeyView>(`${BASE}/${encodeURIComponent(id)}/revoke`, { reason });
        out.fields(view, keyFields(view));
      }),
    );
  return key;
}

async function createKey({ io, client, out }: Context, options: CreateOptions): Promise<void> {
  const view = await client.post<KeyView & { readonly virtual_key: string }>(BASE, {
    name: options.name,
    limit: options.limit === undefined ? undefined : amount(options.limit, '--limit'),
    credits: options.credits === undefined ? undefined : amount(options.credits, '--credits'),
    sources: options.source,
    expires_at: options.expires === undefined ? undefined : when(options.expires, io.now()),
    replay_s: options.replay === undefined ? undefined : seconds(options.replay, '--replay'),
  });
  out.fields(view, [...keyFields(view), ['virtual key', view.virtual_key]]);
  out.note('Keep the virtual key now: it is stored hashed and cannot be shown again.');
}

async function listKeys({ client, out }: Context): Promise<void> {
  const answer = await client.get<{ keys: readonly KeyView[] }>(BASE);
  const rows = answer.keys.map((key) => [
    key.id,
    key.name,
    key.hint,
    key.state,
    key.limit ?? '-',
    key.held,
    key.spent,
    time(key.expires_at),
  ]);
  out.table(answer, COLUMNS, rows);
  if (answer.keys.length === 0) out.note('There is no virtual key yet: tally key create.');
}

function keyFields(key: KeyView): readonly Field[] {
  return [
    ['id', key.id],
    ['name', key.name],
    ['key', key.hint],
    ['state', key.state],
    ['limit', key.limit ?? '-'],
    ['held', key.held],
    ['spent', key.spent],
    ['sources', key.sources?.join(' ') ?? 'all'],
    ['created', time(key.created_at)],
    ['expires', time(key.expires_at)],
    ['replay', key.replay_s === 0 ? 'off' : `${key.replay_s} s`],
  ];
}
