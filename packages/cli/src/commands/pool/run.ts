import { type JsonObject, orderSubject } from '@tallystick/core';
import { Command, Option } from 'commander';
import { type Asker, type AskerOptions, asDonor, askerOf } from '../../asker.ts';
import { CliError, exitOf, usage } from '../../cli-error.ts';
import { type Client, refusalOf } from '../../client.ts';
import { action, type Context, type Mount } from '../../context.ts';
import { count, readStdin, seconds } from '../../parse.ts';
import { followTask } from './follow.ts';
import { TASKS } from './task.ts';
import { summary, type TaskRow, type TaskView, taskFields } from './task-view.ts';

/** The daemon takes at most this many characters, of four bytes each at the most. */
const TEXT_BYTES_MAX = 2_000_000;

type WorkOptions = AskerOptions & {
  readonly provider: string;
  readonly tokens?: string;
  readonly budget?: string;
  readonly model?: string;
  readonly mode?: string;
  readonly timeLimit?: string;
};

const HELP = `
With --tokens all of it is reserved over as few keys as carry it, or nothing runs; with --budget a key is chosen for each turn. The operator's
task runs at once, unless donors vote; a donor's is proposed. Without --stream the text is printed at the end. The task goes on
whoever leaves: tally pool task show ID.
  tally pool run "Audit the parser." --provider anthropic --budget 200_000 --stream`;

export function runCommands(mount: Mount): readonly Command[] {
  return [
    asked(new Command('run'))
      .description('have the pool do a task, and say what it came to by key (-: the text from standard input)')
      .option('--stream', 'print the text as it comes')
      .addHelpText('after', HELP)
      .action(action(mount, run)),
    asked(new Command('propose'))
      .description('propose a task, and wait for nothing (-: the text from standard input)')
      .action(action(mount, propose)),
  ];
}

function asked(command: Command): Command {
  return asDonor(
    command
      .argument('<task>')
      .requiredOption('--provider <provider>', 'over keys of which provider')
      .addOption(new Option('--tokens <tokens>', 'reserve all of it before the first call').conflicts('budget'))
      .option('--budget <tokens>', 'use at most so many, on keys that are chosen turn by turn')
      .option('--model <model>', 'a model that the keys serve (default: the cheapest whose price is known)')
      .addOption(new Option('--mode <mode>', 'other than goes with --tokens or --budget').choices(['pre_allocated', 'auto_switching']))
      .option('--time-limit <span>', 'how long it may run: 90s, 30m, 24h'),
  );
}

async function propose(context: Context, task: string, options: WorkOptions): Promise<void> {
  const { client, out } = context;
  const order = await orderOf(context, task, options);
  const { as, body } = await saidOf(askerOf(context, options), order);
  const made = (await client.call<TaskRow>('POST', TASKS, { as, body: { ...body, ...order } })).body;
  out.fields(made, taskFields(made));
}

async function run(
  context: Context,
  task: string,
  { stream = false, ...options }: WorkOptions & { readonly stream?: boolean },
): Promise<void> {
  const { client, out } = context;
  if (stream && out.json) throw usage('--stream and --json do not go together.', 'With --json the whole task is printed at its end.');
  const order = await orderOf(context, task, options);
  const asker = askerOf(context, options);
  const { as, body } = await saidOf(asker, order);
  // Its events in either case: an answer that takes hours would be cut by whatever stands in between.
  const begun = await client.follow<TaskRow>('POST', '/api/ai-pool/execute', { as, body: { ...body, ...order, stream: true } });
  if ('body' in begun) {
    out.fields(begun.body, taskFields(begun.body));
    out.note('It runs once it is approved.');
    return;
  }
  let last = '';
  const text = (piece: string) => {
    last = piece;
    if (stream) out.text(piece);
  };
  const end = await followTask(context, asker, begun.events, { text, note: (what) => stream && out.note(what) });
  if (last !== '' && stream) out.text(last.endsWith('\n') ? '\n' : '\n\n');
  if (end.event !== 'done') throw failure(end.taskId, end.data);
  if (stream) return out.result(end.data, (style) => summary(end.data as TaskView, style));
  const view = await whole(client, asker, end.taskId);
  if (!out.json) out.text(`${view.result ?? ''}\n\n`);
  out.result(view, (style) => summary(view, style));
}

async function whole(client: Client, asker: Asker, id: string): Promise<TaskView> {
  return client.get<TaskView>(`${TASKS}/${encodeURIComponent(id)}`, { as: await asker.reading('task', id) });
}

/** What the task waits for, or ended by. It is kept in either case. */
function failure(taskId: string, data: unknown): CliError {
  const { code, message, fix, facts } = refusalOf(data) ?? {};
  const named = typeof code === 'string' ? code : 'INTERNAL';
  const what = typeof message === 'string' ? message : 'The task ended, and did not say why.';
  // A gateway's own words often say the fix as well.
  const advice = typeof fix === 'string' && !what.endsWith(fix) ? `${fix} ` : '';
  const more = { ...(typeof facts === 'object' ? facts : {}), task_id: taskId };
  return new CliError(named, what, exitOf(named), `${advice}The task is kept: tally pool task show ${taskId}.`, more);
}

type Order = { readonly task_description: string } & JsonObject;

async function orderOf({ io }: Context, task: string, options: WorkOptions): Promise<Order> {
  const { provider, tokens, budget, model, mode, timeLimit } = options;
  if (tokens === undefined && budget === undefined)
    throw usage(
      '--tokens or --budget is needed.',
      'With --tokens all of it is reserved first; with --budget keys are chosen turn by turn.',
    );
  return {
    task_description: task === '-' ? (await readStdin(io, 'the task', TEXT_BYTES_MAX)).toString('utf8').trimEnd() : task,
    provider,
    ...(tokens === undefined ? {} : { estimated_tokens: count(tokens, '--tokens') }),
    ...(budget === undefined ? {} : { max_total_tokens: count(budget, '--budget') }),
    ...(model === undefined ? {} : { model }),
    ...(mode === undefined ? {} : { mode }),
    ...(timeLimit === undefined ? {} : { time_limit_s: seconds(timeLimit, '--time-limit') }),
  };
}

/** A wallet signs all that it asks for. */
function saidOf(asker: Asker, order: Order) {
  return asker.doing('execute', orderSubject(order));
}
