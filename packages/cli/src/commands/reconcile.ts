import { EXPORT_FORMATS, type ExportFormat } from '@tallystick/core';
import { Command, Option } from 'commander';
import { usage } from '../cli-error.ts';
import { action, type Context, type Mount } from '../context.ts';
import { amount, jsonFile, moment, readBytes } from '../parse.ts';
import { COLUMNS, printReconciled, type ReconciledView, type ReconciliationView, reconciliationRow } from './reconcile-view.ts';

/** What the daemon takes; its own message says what to do about more. */
const EXPORT_BYTES_MAX = 700_000;
const SECOND_MS = 1000;

type Options = {
  readonly from?: string;
  readonly to?: string;
  readonly export?: string;
  readonly format?: ExportFormat;
  readonly keyId?: string;
  readonly consent?: string;
  readonly resume?: boolean;
  readonly dryRun?: boolean;
};

const path = (id: string, verb: string) => `/api/admin/sources/${encodeURIComponent(id)}/${verb}`;

export function reconcileCommand(mount: Mount): Command {
  const reconcile = new Command('reconcile')
    .argument('<source>')
    .description('compare a closed interval with the provider’s own export: give back what is too much, add what is missing')
    .option('--from <when>', 'first moment of the interval')
    .option('--to <when>', 'its end, which is not part of it')
    .option('--export <file>', 'the provider’s export')
    .addOption(new Option('--format <shape>', 'shape of the export (default: the provider’s own)').choices([...EXPORT_FORMATS]))
    .option('--key-id <id>', 'the provider’s name of this key (Google: of its project), as its export has it')
    .option('--consent <file>', 'JSON with the donor’s `amount` and `signature`: for a donated key')
    .option('--resume', 'take a frozen source into use again')
    .option('--dry-run', 'say what would be given back or added, and why not; change nothing')
    .action(action(mount, run));
  reconcile.command('list <source>').description('all comparisons of a source with its provider').action(action(mount, list));
  return reconcile;
}

async function run(context: Context, source: string, options: Options): Promise<void> {
  const { io, client } = context;
  const [from, to] = [moment(given(options.from, '--from'), '--from'), moment(given(options.to, '--to'), '--to')];
  if (from >= to) throw usage('--to is not after --from.');
  if (from % SECOND_MS !== 0 || to % SECOND_MS !== 0) throw usage('--from and --to must be whole seconds: no export has less.');
  const body = {
    from,
    to,
    export: readBytes(io, given(options.export, '--export'), '--export', EXPORT_BYTES_MAX).toString('base64'),
    format: options.format,
    key_id: options.keyId,
    consent: options.consent === undefined ? undefined : consentIn(context, options.consent),
    resume: options.resume,
    dry_run: options.dryRun,
  };
  printReconciled(context, await client.post<ReconciledView>(path(source, 'reconcile'), body));
}

/** Not declared as required: commander would ask for it at `reconcile list` too. */
function given(value: string | undefined, option: string): string {
  if (value === undefined) throw usage(`${option} is needed.`);
  return value;
}

function consentIn({ io }: Context, file: string): { amount: string; signature: string } {
  const json = jsonFile(io, file, '--consent') as { amount?: unknown; signature?: unknown } | null;
  if (typeof json?.signature !== 'string') throw usage('--consent: the file has no `signature`.');
  return { amount: amount(String(json.amount), '--consent: `amount`'), signature: json.signature.toLowerCase() };
}

async function list({ client, out }: Context, source: string): Promise<void> {
  const answer = await client.get<{ reconciliations: readonly ReconciliationView[] }>(path(source, 'reconciliations'));
  out.table(answer, COLUMNS, answer.reconciliations.map(reconciliationRow));
  if (answer.reconciliations.length === 0) out.note('Nothing of this source was compared with its provider yet.');
}
