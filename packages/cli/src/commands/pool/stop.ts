import { Command, Option } from 'commander';
import { asBearer } from '../../asker.ts';
import { action, type Context, type Mount } from '../../context.ts';

type StopOptions = { readonly provider?: string; readonly key?: string; readonly reason?: string; readonly guardianTokenFile?: string };
type StopAnswer = { readonly scope: string; readonly stopped: boolean; readonly reason: string | null };

/** The emergency stops of the pool. Those of every call are `calls stop` and `calls start`. */
export function stopCommands(mount: Mount): readonly Command[] {
  return [
    scoped(new Command('stop'))
      .description('hold back every task, or every call on a provider’s keys or on one key, until `pool start`')
      .option('--guardian-token-file <file>', 'as the guardian whose token (gd_…) is in this file')
      .action(action(mount, (context: Context, options: StopOptions) => set(context, 'stop', options))),
    scoped(new Command('start'))
      .description('end such a stop')
      .action(action(mount, (context: Context, options: StopOptions) => set(context, 'start', options))),
  ];
}

function scoped(command: Command): Command {
  return command
    .addOption(new Option('--provider <provider>', 'keys of this provider only').conflicts('key'))
    .option('--key <id>', 'this key only')
    .option('--reason <text>', 'for the audit log, and for who asks why');
}

async function set(context: Context, verb: 'stop' | 'start', options: StopOptions): Promise<void> {
  const { client, out } = context;
  const body = { scope: scopeOf(options), reason: options.reason };
  const { guardianTokenFile: file } = options;
  const as = file === undefined ? client.asOperator() : asBearer(context, file, '--guardian-token-file');
  const answer = (await client.call<StopAnswer>('POST', `/api/ai-pool/${verb}`, { as, body })).body;
  out.fields(answer, [
    ['scope', answer.scope],
    ['state', answer.stopped ? 'stopped' : 'open'],
    ['reason', answer.reason ?? '-'],
  ]);
}

function scopeOf({ provider, key }: StopOptions): string {
  if (provider !== undefined) return `provider:${provider}`;
  return key === undefined ? 'pool' : `key:${key}`;
}
