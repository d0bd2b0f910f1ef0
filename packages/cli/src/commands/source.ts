import { Command, Option } from 'commander';
import { CliError, usage } from '../cli-error.ts';
import { action, type Context, type Mount } from '../context.ts';
import { amount } from '../parse.ts';
import { confirm } from '../prompt.ts';
import { needed, readSecret } from '../secret.ts';
import { type AddOptions, addSource } from './source-add.ts';
import { printSource, SOURCE_COLUMNS, type SourceView, sourceRow } from './source-view.ts';

const BASE = '/api/admin/sources';
type Reason = { readonly reason?: string };

const KEY_HELP = `
The upstream's API key is read from standard input, or from --api-key-file; at a terminal it is asked for and not shown.
It is never an argument: arguments stand in the shell's history and in the process list, where other users can read them.
  tally source add --name gift --provider openai --cap 500000 < key.txt`;

export function sourceCommand(mount: Mount): Command {
  const source = new Command('source').description('supply: keys under a cap');
  source
    .command('add')
    .description('seal an API key and put it under a cap; the key comes from standard input')
    .requiredOption('--name <name>', 'what to call it')
    .addOption(
      new Option('--provider <provider>', 'whose dialect and facts')
        .choices(['openai', 'openai-compatible', 'anthropic', 'google', 'sandbox'])
        .makeOptionMandatory(),
    )
    .requiredOption('--cap <tokens>', 'hard cap; it is never raised, only lowered')
    .option('--base-url <url>', 'the upstream (needed for openai-compatible)')
    .addOption(new Option('--settle <mode>', 'metered releases what was not used; hold spends the whole hold').choices(['metered', 'hold']))
    .option(
      '--count-consent',
      'agree that calls are bounded by the provider’s own count of them where no proof fits under the cap (evidence, not proof; the last tenth of the cap is kept free of such calls)',
    )
    .option('--models <file>', 'JSON that declares models which the built-in facts do not know')
    .option('--tariff <file>', 'JSON list of prices in credit base units (default: free)')
    .option('--expires <when>', 'date, time with zone, or span (30d)')
    .option('--api-key-file <file>', 'read the API key from a file (-: standard input)')
    .addHelpText('after', KEY_HELP)
    .action(action(mount, (context: Context, options: AddOptions) => addSource(context, options)));
  source
    .command('attach <id>')
    .description('seal the API key of a source on this host too, where the books are shared by several; it comes from standard input')
    .option('--api-key-file <file>', 'read the API key from a file (-: standard input)')
    .action(action(mount, attach));
  source.command('list').description('all sources with what is left').action(action(mount, listSources));
  source
    .command('show <id>')
    .description('one source')
    .action(action(mount, async (context: Context, id: string) => printSource(context, await context.client.get<SourceView>(path(id)))));
  stateCommands(source, mount);
  return source;
}

function stateCommands(source: Command, mount: Mount): void {
  source
    .command('pause <id>')
    .description('take no new calls on it')
    .option('--reason <text>', 'for the audit log')
    .action(action(mount, (context: Context, id: string, { reason }: Reason) => change(context, id, 'pause', { reason })));
  source
    .command('resume <id>')
    .description('take calls again; one that is frozen for reconciliation needs the provider’s own total')
    .option('--reason <text>', 'for the audit log')
    .option('--reconciled-total <tokens>', 'tokens that the provider says this key has used in all')
    .action(
      action(mount, (context: Context, id: string, { reason, reconciledTotal }: Reason & { reconciledTotal?: string }) => {
        const total = reconciledTotal === undefined ? undefined : amount(reconciledTotal, '--reconciled-total');
        return change(context, id, 'resume', { reason, reconciled_total: total });
      }),
    );
  source
    .command('limit <id> <tokens>')
    .description('lower its limit')
    .action(
      action(mount, (context: Context, id: string, tokens: string) => change(context, id, 'limit', { limit: amount(tokens, 'the limit') })),
    );
  source
    .command('destroy <id>')
    .description('destroy its secret; this is final')
    .option('--yes', 'do not ask')
    .option('--reason <text>', 'for the audit log')
    .action(action(mount, destroy));
}

const path = (id: string, verb = '') => `${BASE}/${encodeURIComponent(id)}${verb === '' ? '' : `/${verb}`}`;

async function listSources({ client, out }: Context): Promise<void> {
  const answer = await client.get<{ sources: readonly SourceView[] }>(BASE);
  out.table(answer, SOURCE_COLUMNS, answer.sources.map(sourceRow));
  if (answer.sources.length === 0) out.note('There is no source yet: tally source add.');
}

async function change(context: Context, id: string, verb: string, body: Readonly<Record<string, string | undefined>>): Promise<void> {
  printSource(context, await context.client.post<SourceView>(path(id, verb), body));
}

async function attach(context: Context, id: string, { apiKeyFile }: { apiKeyFile?: string }): Promise<void> {
  const { io, client } = context;
  const api_key = needed(await readSecret(io, apiKeyFile, 'API key'), 'API key');
  printSource(context, await client.post<SourceView>(path(id, 'attach'), { api_key }));
}

async function destroy(context: Context, id: string, { yes = false, reason }: Reason & { yes?: boolean }): Promise<void> {
  const { io, client } = context;
  if (!yes) {
    if (io.stdin.isTTY !== true) throw usage('Destroying a source is final and needs --yes where nobody can be asked.');
    const { name, left } = await client.get<SourceView>(path(id));
    if (!(await confirm(io, `Destroy source ${name} (${left} tokens left) for good?`)))
      throw new CliError('CANCELLED', 'The source was not destroyed.', 'failure');
  }
  await change(context, id, 'destroy', { reason });
}
