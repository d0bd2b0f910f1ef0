import { Command } from 'commander';
import { action, type Context, type Mount } from '../context.ts';
import type { Column, Field } from '../table.ts';
import { time } from '../time.ts';

type Person = {
  readonly id: string;
  /** Of donors: how they are named in the pool. */
  readonly donor?: string;
  readonly name: string;
  readonly hint: string;
  readonly state: string;
  readonly created_at: number;
};
type Kind = { readonly word: 'donor' | 'guardian'; readonly about: string; readonly afterwards: string };

const COLUMNS: readonly Column[] = [{ head: 'id' }, { head: 'name' }, { head: 'token' }, { head: 'state' }, { head: 'created' }];

/** Accounts of donors who have no wallet. */
export function donorCommand(mount: Mount): Command {
  const about = 'accounts of donors who have no wallet';
  return peopleCommand(mount, { word: 'donor', about, afterwards: 'what it gave stays given' });
}

/** Who may stop the pool, and do nothing else. */
export function guardianCommand(mount: Mount): Command {
  const about = 'who may stop the pool, and do nothing else';
  return peopleCommand(mount, { word: 'guardian', about, afterwards: 'what it stopped stays stopped' });
}

function peopleCommand(mount: Mount, { word, about, afterwards }: Kind): Command {
  const base = `/api/admin/${word}s`;
  const command = new Command(word).description(about);
  command
    .command('add <name>')
    .description('make one; its token is printed this once and stored hashed')
    .action(
      action(mount, async ({ client, out }: Context, name: string) => {
        const made = await client.post<Person & { readonly token: string }>(base, { name });
        out.fields(made, [...personFields(made), ['token', made.token]]);
        out.note('Hand the token over now: it is stored hashed and cannot be shown again.');
      }),
    );
  command
    .command('list')
    .description('all of them, without their tokens')
    .action(
      action(mount, async ({ client, out }: Context) => {
        const answer = await client.get<Readonly<Record<string, readonly Person[]>>>(base);
        const all = answer[`${word}s`] ?? [];
        out.table(
          answer,
          COLUMNS,
          all.map(({ id, name, hint, state, created_at }) => [id, name, hint, state, time(created_at)]),
        );
      }),
    );
  command
    .command('revoke <id>')
    .description(`refuse its token from now on; ${afterwards}`)
    .action(
      action(mount, async ({ client, out }: Context, id: string) => {
        const view = await client.post<Person>(`${base}/${encodeURIComponent(id)}/revoke`);
        out.fields(view, personFields(view));
      }),
    );
  return command;
}

function personFields({ id, donor, name, hint, state, created_at }: Person): readonly Field[] {
  return [
    ['id', id],
    ...(donor === undefined ? [] : [['donor', donor] as const]),
    ['name', name],
    ['hint', hint],
    ['state', state],
    ['created', time(created_at)],
  ];
}
