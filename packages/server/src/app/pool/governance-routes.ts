import { TallyError } from '@tallystick/core';
import type { Context, Hono } from 'hono';
import { z } from 'zod';
import { CHOICES, type Proposal, parse, readScope, type Tasks, type Voices } from '#pool';
import { jsonBody } from './answer.ts';
import { type Askers, bearerOf } from './credentials.ts';
import { readExecute } from './execute-input.ts';
import type { Governance } from './governance.ts';
import { afterOf, limitOf } from './paging.ts';
import { taskJson } from './task-answers.ts';
import { proposer } from './task-routes.ts';
import { person, wordOf } from './wallet-word.ts';

const BASE = '/api/ai-pool';
const reason = z.string().min(1).max(200).optional();
const stopSchema = z.strictObject({ scope: z.string().max(128).default('pool'), reason });
const decideSchema = z.strictObject({ reason });
const voteSchema = z.strictObject({ ...person, choice: z.enum(CHOICES) });

export type GovernanceRoutesDeps = {
  readonly governance: Governance;
  readonly tasks: Tasks;
  readonly askers: Askers;
  readonly voices: Voices;
};

/** Who may stop the pool, and who decides what it works on. */
export function governanceRoutes(app: Hono, deps: GovernanceRoutesDeps): void {
  const { governance, tasks } = deps;
  app.post(`${BASE}/stop`, async (c) => {
    const by = await guard(deps, c);
    const asked = parse(stopSchema, await jsonBody(c));
    return c.json({
      success: true,
      ...(await governance.stops.stop(readScope(asked.scope), asked.reason ?? `by the ${by.split(':')[0]}`, by)),
    });
  });
  app.post(`${BASE}/start`, async (c) => {
    operatorOnly(deps, c, 'A stop is ended by the operator.');
    const asked = parse(stopSchema, await jsonBody(c));
    return c.json({
      success: true,
      ...(await governance.stops.start(readScope(asked.scope), asked.reason ?? 'by the operator', 'operator')),
    });
  });
  app.post(`${BASE}/tasks`, async (c) => {
    const asked = readExecute(await jsonBody(c));
    const task = await tasks.propose(asked.order, asked.text, await proposer(deps, c, asked));
    return c.json({ success: true, ...taskJson(task) }, 202);
  });
  app.post(`${BASE}/tasks/:id/approve`, (c) => approve(deps, c));
  app.post(`${BASE}/tasks/:id/reject`, (c) => reject(deps, c));
  app.post(`${BASE}/tasks/:id/vote`, (c) => vote(deps, c));
  app.get(`${BASE}/tasks/:id/vote`, async (c) => {
    const found = await governance.proposals.find(c.req.param('id'));
    if (found === null) throw new TallyError('NOT_FOUND', 'There is no vote on such a task.');
    return c.json({ task_id: c.req.param('id'), state: found.state, ...proposalJson(found) });
  });
  app.get(`${BASE}/proposals`, (c) => proposals(deps, c));
}

/** @returns who stops it, for the audit log. */
async function guard({ governance, askers }: GovernanceRoutesDeps, c: Context): Promise<string> {
  if (askers.isOperator(c)) return 'operator';
  const guardian = await governance.guardians.identify(bearerOf(c) ?? '');
  if (guardian === null) throw new TallyError('FORBIDDEN', 'The pool is stopped by the operator or a guardian.');
  return `guardian:${guardian}`;
}

function operatorOnly({ askers }: GovernanceRoutesDeps, c: Context, otherwise: string): void {
  if (!askers.isOperator(c)) throw new TallyError('FORBIDDEN', otherwise);
}

async function approve(deps: GovernanceRoutesDeps, c: Context): Promise<Response> {
  operatorOnly(deps, c, 'Tasks are approved by the operator.');
  const { reason } = parse(decideSchema, await jsonBody(c));
  // Also in the moment before the vote on it is opened.
  if (deps.governance.byVote) throw new TallyError('FORBIDDEN', 'Donors vote on tasks; the operator may only reject them.');
  return c.json({ success: true, ...taskJson(await deps.tasks.queue(c.req.param('id') ?? '', reason)) });
}

/** Also while donors vote on it: whose gateway it is need not do everything that is wished. */
async function reject(deps: GovernanceRoutesDeps, c: Context): Promise<Response> {
  operatorOnly(deps, c, 'Tasks are rejected by the operator.');
  const { reason } = parse(decideSchema, await jsonBody(c));
  const task = await deps.tasks.reject(c.req.param('id') ?? '', reason);
  await deps.governance.proposals.withdraw(task.id);
  return c.json({ success: true, ...taskJson(task) });
}

async function vote({ governance, askers, voices }: GovernanceRoutesDeps, c: Context): Promise<Response> {
  const id = c.req.param('id') ?? '';
  const asked = parse(voteSchema, await jsonBody(c));
  const { donor } = await askers.actor(c, wordOf(asked), [`vote:${asked.choice}`, id], (each) => voices.checkKnown(each));
  if (donor === null) throw new TallyError('FORBIDDEN', 'Only donors vote.');
  return c.json({
    success: true,
    task_id: id,
    choice: asked.choice,
    ...proposalJson(await governance.proposals.vote(id, donor, asked.choice)),
  });
}

/** What is to be voted on, with what it asks for: for donors and the operator. Who has given simulated keys alone sees simulated tasks alone. */
async function proposals({ governance, tasks, askers, voices }: GovernanceRoutesDeps, c: Context): Promise<Response> {
  const { donor } = await askers.reader(c, 'proposals', '');
  if (donor !== null) await voices.check(donor, true);
  const seesAll = donor === null || (await voices.isHeard(donor, false));
  const open = await governance.proposals.listOpen(limitOf(c), afterOf(c).after);
  const shown = open
    .filter(({ simulated }) => seesAll || simulated)
    .map(async ({ taskId, ...proposal }) => {
      const [task, text] = [await tasks.find(taskId), await tasks.text(taskId)];
      return { ...taskJson(task), task_description: text.description, system: text.system, ...proposalJson(proposal) };
    });
  return c.json({ proposals: await Promise.all(shown) });
}

/** Weights of tokens may be larger than JSON's numbers hold, so they are decimal strings. */
function proposalJson({ openedAt, endsAt, rules, votes, tally, outcome, queueAt }: Proposal) {
  const { yes, no, abstain, total } = tally ?? {};
  return {
    opened_at: openedAt,
    ends_at: endsAt,
    quorum_bps: rules.quorumBps,
    majority_bps: rules.majorityBps,
    votes,
    tally: tally === null ? null : { yes: String(yes), no: String(no), abstain: String(abstain), total: String(total) },
    outcome,
    queue_at: queueAt,
  };
}
