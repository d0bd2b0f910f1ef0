import { Command } from 'commander';
import { action, type Context, type Mount } from '../context.ts';

type Reason = { readonly reason?: string };

/** The emergency stop of everything: holds nothing back that runs, lets nothing new begin. The pool alone is stopped by `pool stop`. */
export function callsCommand(mount: Mount): Command {
  const calls = new Command('calls').description('the emergency stop of every call of this gateway');
  calls
    .command('stop')
    .description('refuse every new call, the pool’s too, until `calls start`')
    .option('--reason <text>', 'for the audit log')
    .action(action(mount, (context: Context, options: Reason) => set(context, 'stop', options)));
  calls
    .command('start')
    .description('take calls again')
    .option('--reason <text>', 'for the audit log')
    .action(action(mount, (context: Context, options: Reason) => set(context, 'start', options)));
  return calls;
}

async function set({ client, out }: Context, verb: 'stop' | 'start', { reason }: Reason): Promise<void> {
  const answer = await client.post<{ stopped: boolean }>(`/api/admin/${verb}`, { reason });
  out.fields(answer, [['calls', answer.stopped ? 'stopped' : 'open']]);
}
