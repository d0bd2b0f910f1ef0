import { resolve } from 'node:path';
import { Command } from 'commander';
import { CliError, usage } from '../cli-error.ts';
import { Client } from '../client.ts';
import { action, type Context, type Mount } from '../context.ts';
import { findLocal } from '../find-daemon.ts';
import { intoNewFile } from '../new-file.ts';
import { offline } from '../offline.ts';

export function hostCommand(mount: Mount): Command {
  const host = new Command('host').description('several hosts that share their books in PostgreSQL');
  host
    .command('invite <file>')
    .description('write what another host needs to become one of this gateway; useless without the master key')
    .action(action(mount, invite));
  host
    .command('join <file>')
    .description('on the new host, before its first start: make its empty data folder one of the gateway that wrote the file')
    .action(action(mount, join));
  return host;
}

async function invite({ client, io, out }: Context, file: string): Promise<void> {
  await intoNewFile(io, file, async (write, path) => {
    const { invitation } = await client.post<{ invitation: string }>('/api/admin/hosts/invite');
    write(invitation);
    out.fields({ file: path }, [['file', path]]);
  });
  out.note('On the new host: the same master key, the same DATABASE_URL, then `tally host join`.');
}

async function join({ io, out, url }: Context, file: string): Promise<void> {
  if (url !== undefined) throw usage('Joining works on the data folder of this host; --url has no meaning for it.');
  const local = findLocal(io);
  if (local !== undefined && (await new Client(io, local).isUp())) {
    throw new CliError('DATA_LOCKED', `A daemon is running on the data folder, at ${local.url}.`, 'failure');
  }
  const joined = await offline<{ host_id: string }>(io, 'host-join', resolve(io.cwd, file));
  out.fields(joined, [
    ['joined', 'yes'],
    ['host', joined.host_id],
  ]);
  out.note('Start it with the gateway’s DATABASE_URL; then give it the keys that it shall serve: tally source attach ID.');
}
