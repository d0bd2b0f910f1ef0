import { Argument, Command } from 'commander';
import { type AskerOptions, asDonor, askerOf, donorOf } from '../../asker.ts';
import { action, type Context, type Mount } from '../../context.ts';
import { seconds } from '../../parse.ts';
import { type Column, fields, prose } from '../../table.ts';
import { time } from '../../time.ts';
import { paged, pageOf } from './status.ts';
import { summary, TASK_COLUMNS, type TaskRow, type TaskView, taskFields, taskRow } from './task-view.ts';

export const TASKS = '/api/ai-pool/tasks';

type ListOptions = AskerOptions & { readonly state?: string; readonly after?: string; readonly limit?: string };
type ProposalView = TaskRow & {
  readonly task_description: string;
  readonly ends_at: number;
  readonly votes: number;
};
type VoteView = { readonly task_id: string; readonly choice: string; readonly ends_at: number };

const PROPOSALS: readonly Column[] = [...TASK_COLUMNS.slice(0, 1), ...TASK_COLUMNS.slice(2, 5), { head: 'ends' }, { head: 'asks for' }];

export function taskCommand(mount: Mount): Command {
  const task = new Command('task').description('work that the pool was asked for');
  paged(asDonor(task.command('list')))
    .description('all tasks, oldest first; a donor’s: its own')
    .option('--state <state>', 'those in this state')
    .action(action(mount, list));
  asDonor(task.command('show <id>')).description('one task: what it came to by key, and what it has written').action(action(mount, show));
  const decide =
    (verb: 'approve' | 'reject') =>
    (context: Context, id: string, { reason }: { readonly reason?: string }) =>
      order(context, id, verb, { reason });
  const deciding = (usage: string) => task.command(usage).option('--reason <text>', 'for the audit log');
  deciding('approve <id>')
    .description('let it run')
    .action(action(mount, decide('approve')));
  deciding('reject <id>')
    .description('do not let it run, also while donors vote on it')
    .action(action(mount, decide('reject')));
  task
    .command('cancel <id>')
    .description('begin no further turn; what a running call costs is spent')
    .action(action(mount, (context: Context, id: string) => order(context, id, 'cancel', {})));
  task
    .command('resume <id>')
    .description('go on with one that was cancelled, has failed or waits, with what is left of its budget')
    .option('--time-limit <span>', 'so much more time: 90s, 30m, 24h')
    .action(
      action(mount, (context: Context, id: string, { timeLimit }: { readonly timeLimit?: string }) =>
        order(context, id, 'resume', { time_limit_s: timeLimit === undefined ? undefined : seconds(timeLimit, '--time-limit') }),
      ),
    );
  return task;
}

/** What donors do with each other's proposals. */
export function voteCommands(mount: Mount): readonly Command[] {
  return [
    paged(asDonor(new Command('proposals')))
      .description('open votes, with what the tasks ask for')
      .action(action(mount, proposals)),
    asDonor(new Command('vote'))
      .argument('<id>')
      .addArgument(new Argument('<choice>', 'what is said to it').choices(['yes', 'no', 'abstain']))
      .description('a donor’s vote on a proposed task; it may be changed until the vote ends')
      .action(action(mount, vote)),
  ];
}

const path = (id: string, verb = '') => `${TASKS}/${encodeURIComponent(id)}${verb === '' ? '' : `/${verb}`}`;

async function list(context: Context, { state, after, limit, ...options }: ListOptions): Promise<void> {
  const { client, out } = context;
  const page = { ...(after === undefined ? {} : { after }), ...(limit === undefined ? {} : { limit }) };
  const as = await askerOf(context, options).reading('tasks', '');
  const answer = await client.get<{ tasks: readonly TaskRow[] }>(TASKS + pageOf(page, { state }), { as });
  out.table(answer, TASK_COLUMNS, answer.tasks.map(taskRow));
  if (answer.tasks.length === 0) out.note('There is no such task: tally pool run.');
}

async function show(context: Context, id: string, options: AskerOptions): Promise<void> {
  const { client, out } = context;
  const view = await client.get<TaskView>(path(id), { as: await askerOf(context, options).reading('task', id) });
  const { result = '' } = view;
  out.result(view, (style) => [summary(view, style), ...(result === '' ? [] : ['', style.terminal ? prose(result) : result])].join('\n'));
}

async function order({ client, out }: Context, id: string, verb: string, body: Readonly<Record<string, unknown>>): Promise<void> {
  const task = await client.post<TaskRow>(path(id, verb), body);
  out.fields(task, taskFields(task));
}

async function proposals(context: Context, { after, limit, ...options }: ListOptions): Promise<void> {
  const { client, out } = context;
  const page = { ...(after === undefined ? {} : { after }), ...(limit === undefined ? {} : { limit }) };
  const as = await askerOf(context, options).reading('proposals', '');
  const answer = await client.get<{ proposals: readonly ProposalView[] }>(`/api/ai-pool/proposals${pageOf(page)}`, { as });
  const rows = answer.proposals.map(({ task_id, provider, tokens, proposed_by, ends_at, task_description }) => [
    task_id,
    provider,
    String(tokens),
    proposed_by,
    time(ends_at),
    task_description,
  ]);
  out.table(answer, PROPOSALS, rows);
}

async function vote(context: Context, id: string, choice: string, options: AskerOptions): Promise<void> {
  const { client, out } = context;
  const { as, body } = await donorOf(context, options).doing(`vote:${choice}`, id);
  const answer = (await client.call<VoteView>('POST', path(id, 'vote'), { as, body: { ...body, choice } })).body;
  out.result(answer, (style) =>
    fields(
      [
        ['task', answer.task_id],
        ['vote', answer.choice],
        ['ends', time(answer.ends_at)],
      ],
      style,
    ),
  );
}
