import { Command } from 'commander';
import { action, type Context, type Mount } from '../context.ts';
import { onlineElse, WHOLE_BOOKS_MS } from '../local.ts';
import { offline } from '../offline.ts';
import { printReport, type Report } from './report.ts';

export function doctorCommand(mount: Mount): Command {
  return new Command('doctor')
    .description('everything that one would otherwise have to look at by hand (exit 5: something is wrong)')
    .action(
      action(mount, async (context: Context) => {
        const { client, io } = context;
        const online = () => client.get<Report>('/api/admin/doctor', { timeoutMs: WHOLE_BOOKS_MS });
        return printReport(context, await onlineElse(context, online, () => offline<Report>(io, 'doctor')));
      }),
    );
}
