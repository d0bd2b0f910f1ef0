import { TallyError } from '@tallystick/core';
import type { Context, Hono } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { isEnded, isSimulated, TASK_STATES, type Task, type TaskState, type Tasks, type Voices } from '#pool';
import { jsonBody, poolErrorBody } from './answer.ts';
import type { Askers, Asking } from './credentials.ts';
import { type Execute, readExecute, readResume } from './execute-input.ts';
import { afterOf, limitOf } from './paging.ts';
import { errorOf, type Json, taskJson, viewJson } from './task-answers.ts';
import { taskStream } from './task-stream.ts';

export type TaskRoutesDeps = { readonly tasks: Tasks; readonly askers: Askers; readonly voices: Voices };

const BASE = '/api/ai-pool';
const OPERATOR = 'operator';
/** What a caller is told of at once; anything else passes in moments. */
const LONG_WAITS: ReadonlySet<string> = new Set(['GOVERNANCE_LOCKED', 'POOL_STOPPED', 'NO_AVAILABLE_KEYS']);

/** The routes of the pool's tasks. */
export function taskRoutes(app: Hono, deps: TaskRoutesDeps): void {
  const { tasks } = deps;
  const at = `${BASE}/tasks/:id`;
  app.post(`${BASE}/execute`, (c) => execute(deps, c));
  app.get(`${BASE}/tasks`, (c) => list(deps, c));
  app.get(at, async (c) => c.json(viewJson(await tasks.view((await seen(deps, c)).id))));
  app.get(`${at}/events`, async (c) => taskStream(tasks, (await seen(deps, c)).id, c.req.header('last-event-id')));
  app.post(`${at}/cancel`, async (c) => c.json(done(await tasks.cancel((await ordered(deps, c)).id))));
  app.post(`${at}/resume`, async (c) => c.json(done(await tasks.resume((await ordered(deps, c)).id, readResume(await jsonBody(c))))));
}

/** All tasks, for the operator; a donor's own, for the donor. */
async function list({ tasks, askers }: TaskRoutesDeps, c: Context): Promise<Response> {
  const by = nameOf(await askers.reader(c, 'tasks', ''));
  const page = { limit: limitOf(c), ...afterOf(c), ...stateOf(c), ...(by === OPERATOR ? {} : { by }) };
  return c.json({ tasks: (await tasks.list(page)).map(taskJson) });
}

/** @throws INPUT_INVALID */
function stateOf(c: Context): { readonly state?: TaskState } {
  const asked = c.req.query('state');
  if (asked === undefined) return {};
  const state = TASK_STATES.find((each) => each === asked);
  if (state === undefined) throw new TallyError('INPUT_INVALID', `state: must be one of ${TASK_STATES.join(', ')}.`, { field: 'state' });
  return { state };
}

const done = (task: Task): Json => ({ success: true, ...taskJson(task) });

/** Runs a task and answers with what it came to; or, where others have to approve it first, with where it can be followed. */
async function execute(deps: TaskRoutesDeps, c: Context): Promise<Response> {
  const { tasks } = deps;
  const asked = readExecute(await jsonBody(c));
  const task = await tasks.propose(asked.order, asked.text, await proposer(deps, c, asked));
  if (task.state === 'proposed') return c.json(done(task), 202);
  if (asked.stream) return taskStream(tasks, task.id, undefined);
  const after = await over(tasks, task.id, c.req.raw.signal);
  const view = viewJson(await tasks.view(task.id));
  const error = errorOf(after);
  return c.json(error === null ? view : { ...view, ...poolErrorBody(error) }, (error?.status ?? 200) as ContentfulStatusCode);
}

/** A wallet signs all that it asks for. */
export async function proposer({ askers, voices }: Pick<TaskRoutesDeps, 'askers' | 'voices'>, c: Context, asked: Execute): Promise<string> {
  const { order, word, subject } = asked;
  return nameOf(await askers.actor(c, word, ['execute', subject], (donor) => voices.check(donor, isSimulated(order))));
}

/** Waits until the task has ended, or waits for what nobody knows when it comes; or until its caller leaves, who then is told nothing. */
async function over(tasks: Tasks, taskId: string, left: AbortSignal): Promise<Task> {
  for await (const { change } of tasks.follow(taskId, null, left)) {
    if (change.kind !== 'state') continue;
    const { task } = change;
    if (isEnded(task) || (task.state === 'waiting' && LONG_WAITS.has(task.reason?.code ?? ''))) return task;
  }
  return tasks.find(taskId);
}

/** The task of the path, for the operator and for who proposed it. Whose it is not cannot tell it from one that is not there. */
async function seen({ tasks, askers }: TaskRoutesDeps, c: Context): Promise<Task> {
  const id = c.req.param('id') ?? '';
  const by = nameOf(await askers.reader(c, 'task', id));
  const task = await tasks.find(id);
  if (by !== OPERATOR && by !== task.by) throw new TallyError('NOT_FOUND', 'There is no task with this id.');
  return task;
}

/** The same for what only the operator does. */
async function ordered({ tasks, askers }: TaskRoutesDeps, c: Context): Promise<Task> {
  if (!askers.isOperator(c)) throw new TallyError('FORBIDDEN', 'Tasks are cancelled and resumed by the operator.');
  return tasks.find(c.req.param('id') ?? '');
}

export function nameOf({ donor }: Asking): string {
  return donor ?? OPERATOR;
}
