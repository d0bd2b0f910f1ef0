import { Command } from 'commander';
import { action, type Context, type Mount } from '../context.ts';
import { onlineElse, WHOLE_BOOKS_MS } from '../local.ts';
import { offline } from '../offline.ts';
import { printReport, type Report } from './report.ts';

export function auditCommand(mount: Mount): Command {
  const audit = new Command('audit').description('the tamper-evident records');
  audit
    .command('verify')
    .description('check the audit log against its signed checkpoints and the books against their postings (exit 5: they do not agree)')
    .action(
      action(mount, async (context: Context) => {
        const { client, io } = context;
        const online = () => client.get<Report>('/api/admin/audit/verify', { timeoutMs: WHOLE_BOOKS_MS });
        return printReport(context, await onlineElse(context, online, () => offline<Report>(io, 'audit-verify')));
      }),
    );
  return audit;
}
