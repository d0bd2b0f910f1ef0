import { isAbsolute, resolve } from 'node:path';
import { Command } from 'commander';
import { usage } from '../cli-error.ts';
import { action, type Context, type Mount } from '../context.ts';
import type { Exit } from '../exit-codes.ts';
import { isLoopback } from '../find-daemon.ts';
import { onlineElse, WHOLE_BOOKS_MS } from '../local.ts';
import { offline } from '../offline.ts';
import type { Column } from '../table.ts';
import { time } from '../time.ts';
import { printReport, type Report } from './report.ts';

type ArchiveView = {
  readonly month: string;
  readonly state: string;
  readonly file: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly postings: number;
  readonly receipts: number;
  readonly events: number;
  readonly sealed_at: number;
};

type Answer = {
  readonly archived: ArchiveView | null;
  readonly next: string | null;
  readonly why: string | null;
};

type Options = { readonly before?: string; readonly dryRun?: boolean };

const PATH = '/api/admin/archives';
const COLUMNS: readonly Column[] = [
  { head: 'month' },
  { head: 'receipts', number: true },
  { head: 'postings', number: true },
  { head: 'events', number: true },
  { head: 'bytes', number: true },
  { head: 'sealed' },
  { head: 'sha256' },
];

const HELP = `
Months are archived one by one, oldest first: each into archive/BOOK-YYYYMM.db of the data folder, verified, in the audit log, and only then
out of the books. Calls go on meanwhile. Its receipts are answered from the file, so keep it there; its calls can be reconciled with no
provider any more (TALLY_ARCHIVE_KEEP_MONTHS).`;

export function archiveCommand(mount: Mount): Command {
  const archive = new Command('archive')
    .description('move months that are over out of the books into files that verify by themselves')
    .option('--before <month>', 'archive months before this one: 2026-03')
    .option('--dry-run', 'say which month would be next, or why none; change nothing')
    .addHelpText('after', HELP)
    .action(action(mount, run));
  archive.command('list').description('all archived months, with the SHA-256 of their files').action(action(mount, list));
  archive
    .command('verify')
    .argument('<file>')
    .description('verify an archive by itself and against the books (exit 5: it does not hold)')
    .action(action(mount, verify));
  return archive;
}

/** Month by month, so that no answer is waited for longer than one month takes. */
async function run({ client, out }: Context, options: Options): Promise<void> {
  const before = monthOf(options.before);
  const archived: ArchiveView[] = [];
  for (;;) {
    const answer = await client.post<Answer>(PATH, { before, dry_run: options.dryRun === true }, WHOLE_BOOKS_MS);
    if (answer.archived !== null) {
      archived.push(answer.archived);
      out.note(`${answer.archived.month} is archived.`);
      continue;
    }
    const { next, why } = answer;
    const all = { archived, next, why, dry_run: options.dryRun === true };
    if (archived.length > 0) out.table(all, COLUMNS, archived.map(rowOf));
    else
      out.fields(all, [
        ['next', next ?? '-'],
        ['why', why ?? '-'],
      ]);
    return;
  }
}

/** Not declared as required: commander would ask for it at `archive list` too. */
function monthOf(text: string | undefined): string {
  if (text === undefined) throw usage('--before is needed.', 'For example --before 2026-03.');
  if (!/^\d{4}-(0[1-9]|1[0-2])$/.test(text)) throw usage('--before is not a month.', 'Write 2026-03.');
  return text;
}

async function list({ client, out }: Context): Promise<void> {
  const answer = await client.get<{ archives: readonly ArchiveView[] }>(PATH);
  out.table(answer, COLUMNS, answer.archives.map(rowOf));
  if (answer.archives.length === 0) out.note('No month is archived yet.');
}

async function verify(context: Context, file: string): Promise<Exit> {
  const { client, io } = context;
  if (!isLoopback(client.place.url) && client.place.known === 'named' && !isAbsolute(file)) {
    throw usage('The file is one on the daemon’s host, so it must be absolute.');
  }
  const path = resolve(io.cwd, file);
  const online = () => client.post<Report>(`${PATH}/verify`, { file: path }, WHOLE_BOOKS_MS);
  return printReport(context, await onlineElse(context, online, () => offline<Report>(io, 'archive-verify', path)));
}

function rowOf({ month, receipts, postings, events, bytes, sealed_at, sha256 }: ArchiveView): readonly string[] {
  return [month, String(receipts), String(postings), String(events), String(bytes), time(sealed_at), sha256];
}
