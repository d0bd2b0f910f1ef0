import { type Column, type Field, fields, type Style, table } from '../../table.ts';
import { time } from '../../time.ts';

/** A task as the daemon shows it in a list: amounts are numbers of tokens, times Unix ms. */
export type TaskRow = {
  readonly task_id: string;
  readonly state: string;
  readonly mode: string;
  readonly provider: string;
  readonly model: string | null;
  readonly tokens: number;
  readonly proposed_by: string;
  readonly created_at: number;
  readonly ended_at: number | null;
};

/** With all that it has come to. */
export type TaskView = TaskRow & {
  readonly result?: string;
  readonly tokens_used: number;
  readonly finish: string | null;
  readonly by_key: readonly { readonly key_id: string; readonly tokens: number }[];
  readonly switches: readonly unknown[];
  readonly receipts: readonly string[];
  readonly error?: string;
  readonly message?: string;
  readonly fix?: string;
  readonly wake_at?: number | null;
};

export const TASK_COLUMNS: readonly Column[] = [
  { head: 'task' },
  { head: 'state' },
  { head: 'provider' },
  { head: 'tokens', number: true },
  { head: 'proposed by' },
  { head: 'created' },
];
const KEYS: readonly Column[] = [{ head: 'key id' }, { head: 'tokens', number: true }];

export function taskRow({ task_id, state, provider, tokens, proposed_by, created_at }: TaskRow): readonly string[] {
  return [task_id, state, provider, String(tokens), proposed_by, time(created_at)];
}

export function taskFields(task: TaskRow): readonly Field[] {
  return [
    ['task', task.task_id],
    ['state', task.state],
    ['provider', task.provider],
    ['model', task.model ?? '-'],
    ['mode', task.mode],
    ['tokens', String(task.tokens)],
    ['proposed by', task.proposed_by],
    ['created', time(task.created_at)],
    ['ended', time(task.ended_at)],
  ];
}

/** What a task came to, and what each key gave to it. */
export function summary(view: TaskView, style: Style): string {
  const pairs: readonly Field[] = [
    ...taskFields(view),
    ['finish', finishText(view.finish)],
    [
      'used',
      `${view.tokens_used} tokens of ${view.by_key.length} keys, ${view.switches.length} switches, ${view.receipts.length} receipts`,
    ],
    ...(view.error === undefined ? [] : [['why', `${view.error}: ${view.message ?? ''}`] as const]),
    ...(typeof view.wake_at === 'number' ? [['looks again', time(view.wake_at)] as const] : []),
  ];
  const rows = view.by_key.map(({ key_id, tokens }) => [key_id, String(tokens)]);
  return [fields(pairs, style), ...(rows.length === 0 ? [] : ['', table(KEYS, rows, style)])].join('\n');
}

function finishText(finish: string | null): string {
  if (finish === null) return '-';
  return finish === 'length' ? 'the budget was used up first' : 'the model was done';
}
