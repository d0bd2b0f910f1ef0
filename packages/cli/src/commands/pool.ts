import { Command } from 'commander';
import { action, type Context, type Mount } from '../context.ts';

type Reason = { readonly reason?: string };

/** The emergency stop: holds nothing back that runs, lets nothing new begin. */
export function poolCommand(mount: Mount): Command {
  const pool = new Command('pool').description('the emergency stop');
  pool
    .command('stop')
    .description('refuse every new call until `pool start`')
    .option('--reason <text>', 'for the audit log')
    .action(action(mount, (context: Context, options: Reason) => set(context, 'stop', options)));
  pool
    .command('start')
    .description('take calls again')
    .option('--reason <text>', 'for the audit log')
    .action(action(mount, (context: Context, options: Reason) => set(context, 'start', options)));
  return pool;
}

async function set({ client, out }: Context, verb: 'stop' | 'start', { reason }: Reason): Promise<void> {
  const answer = await client.post<{ stopped: boolean }>(`/api/admin/${verb}`, { reason });
  out.fields(answer, [['pool', answer.stopped ? 'stopped' : 'open']]);
}
