import { isAbsolute, resolve } from 'node:path';
import { Command } from 'commander';
import { CliError, usage } from '../cli-error.ts';
import { Client } from '../client.ts';
import { action, type Context, type Mount } from '../context.ts';
import { findLocal, isLoopback } from '../find-daemon.ts';
import { onlineElse, WHOLE_BOOKS_MS } from '../local.ts';
import { offline } from '../offline.ts';
import { time } from '../time.ts';

type Manifest = {
  readonly folder: string;
  readonly made_at: number;
  readonly shred_mode: string;
  readonly files: Readonly<Record<string, string>>;
};
type Restored = {
  readonly sources_frozen: number;
  readonly secrets_missing: number;
  readonly archives_missing?: readonly string[];
  readonly missing?: readonly { readonly id: string; readonly name: string }[];
};

export function backupCommand(mount: Mount): Command {
  return new Command('backup')
    .argument('<folder>')
    .description('copy books, sealed secrets and audit log into an empty folder of the daemon’s host; the master key is not in it')
    .action(action(mount, backup));
}

export function restoreCommand(mount: Mount): Command {
  return new Command('restore')
    .argument('<folder>')
    .description('put a backup into the data folder of this host, with the daemon stopped; every source starts frozen until reconciled')
    .action(action(mount, restore));
}

async function backup(context: Context, folder: string): Promise<void> {
  const { client, io, out } = context;
  if (!isLoopback(client.place.url) && client.place.known === 'named' && !isAbsolute(folder)) {
    throw usage('The folder is one on the daemon’s host, so it must be absolute.');
  }
  const path = resolve(io.cwd, folder);
  const made = await onlineElse(
    context,
    () => client.post<Manifest>('/api/admin/backup', { folder: path }, WHOLE_BOOKS_MS),
    () => offline<Manifest>(io, 'backup', path),
  );
  out.fields(made, [
    ['folder', made.folder],
    ['made', time(made.made_at)],
    ['files', String(Object.keys(made.files).length)],
    ['shred mode', made.shred_mode],
  ]);
  out.note('The master key is not in the backup: keep a copy of it elsewhere.');
}

async function restore({ io, out, url }: Context, folder: string): Promise<void> {
  if (url !== undefined) throw usage('A restore works on the data folder of this host; --url has no meaning for it.');
  const local = findLocal(io);
  if (local !== undefined && (await new Client(io, local).isUp())) {
    throw new CliError('DATA_LOCKED', `A daemon is running on the data folder, at ${local.url}.`, 'failure');
  }
  const done = await offline<Restored>(io, 'restore', resolve(io.cwd, folder));
  out.fields(done, [
    ['restored', 'yes'],
    ['sources frozen', String(done.sources_frozen)],
    ['secrets missing', String(done.secrets_missing)],
    ...(done.missing ?? []).map(({ id, name }) => ['missing', `${id} (${name}): destroy it, and add its key anew`] as const),
    ...(done.archives_missing ?? []).map((what) => ['archive', what] as const),
  ]);
  out.note(
    'Every source is frozen until it is compared with its provider: tally reconcile ID --resume …, or tally source resume ID --reconciled-total N.',
  );
}
