import { Command } from 'commander';
import { asDonor } from '../asker.ts';
import { usage } from '../cli-error.ts';
import { action, type Context, type Mount } from '../context.ts';
import type { Exit } from '../exit-codes.ts';
import { onlineElse, WHOLE_BOOKS_MS } from '../local.ts';
import { offline } from '../offline.ts';
import { type VerifyOptions, verifyAuditFile } from './audit-file.ts';
import { showAudit, showCheckpoint } from './audit-show.ts';
import { printReport, type Report } from './report.ts';

const VERIFY_HELP = `
With a file (-: standard input) that GET /api/ai-pool/audit or /api/ai-pool/audit/checkpoint gave: verifies it offline, entry by
entry. Nothing is sent anywhere. Without --signer the verdict only says that the file is whole and signed by the key that it names:
learn the gateway's key by another way, or keep an earlier file and give it.`;

const SINCE = 'with what shows that it begins with the log of so many entries: checkpoint.size of an earlier file';

export function auditCommand(mount: Mount): Command {
  const audit = new Command('audit').description('the tamper-evident records');
  asDonor(audit.command('show <subject>'))
    .description('what the log says about a donation or a task, verified (--json: the bundle, to keep and to verify)')
    .option('--from <n>', 'entries from this number on')
    .option('--since <size>', SINCE)
    .action(action(mount, showAudit));
  audit
    .command('checkpoint')
    .description('the signed root of the log, for everyone (--json: the bundle, to keep and to verify)')
    .option('--since <size>', SINCE)
    .action(action(mount, showCheckpoint));
  audit
    .command('verify [file]')
    .description('check the audit log against its signed checkpoints and the books against their postings (exit 5: they do not agree)')
    .option('--signer <key>', 'with a file: the key that signs the gateway’s log, 64 hex digits')
    .option('--earlier <file>', 'with a file: an older one of the same log, to see that nothing was rewritten since')
    .addHelpText('after', VERIFY_HELP)
    .action(
      action(mount, async (context: Context, file: string | undefined, options: VerifyOptions) =>
        file === undefined ? verifyHere(context, options) : verifyAuditFile(context, file, options),
      ),
    );
  return audit;
}

async function verifyHere(context: Context, options: VerifyOptions): Promise<Exit> {
  if (Object.keys(options).length > 0) throw usage('--signer and --earlier go with a file.');
  const { client, io } = context;
  const online = () => client.get<Report>('/api/admin/audit/verify', { timeoutMs: WHOLE_BOOKS_MS });
  return printReport(context, await onlineElse(context, online, () => offline<Report>(io, 'audit-verify')));
}
