import { TallyError } from '@tallystick/core';
import type { Context, Hono } from 'hono';
import type { Donations, Tasks } from '#pool';
import type { Vault } from '#vault';
import type { Askers } from './credentials.ts';
import type { Governance } from './governance.ts';
import { afterOf, limitOf, wholeOf } from './paging.ts';
import { switchJson } from './task-answers.ts';

const BASE = '/api/ai-pool';

export type StatusRoutesDeps = {
  readonly governance: Pick<Governance, 'status' | 'breaches'>;
  readonly donations: Donations;
  readonly tasks: Tasks;
  readonly vault: Pick<Vault, 'auditAbout' | 'auditBundle'>;
  readonly askers: Askers;
};

/** What the pool tells of itself, to everyone; and what the audit log says, to those whom it is about. */
export function statusRoutes(app: Hono, deps: StatusRoutesDeps): void {
  const { governance, tasks, vault } = deps;
  app.get(`${BASE}/status`, async (c) => c.json(await governance.status.status()));
  app.get(`${BASE}/leaderboard`, async (c) => {
    const [limit, from] = [limitOf(c), wholeOf(c, 'from', 1) ?? 1];
    const all = await governance.status.leaders();
    return c.json({ donors: all.length, leaders: all.slice(from - 1, from - 1 + limit) });
  });
  app.get(`${BASE}/switches`, async (c) => {
    const page = await tasks.allSwitches(limitOf(c), afterOf(c).after);
    return c.json({ switches: page.map(({ id, change }) => ({ id, ...switchJson(change) })) });
  });
  app.get(`${BASE}/breaches`, async (c) => c.json({ breaches: await governance.breaches.list(limitOf(c), afterOf(c).after) }));
  app.get(`${BASE}/audit`, (c) => auditOf(deps, c));
  app.get(`${BASE}/audit/checkpoint`, async (c) => c.json(await vault.auditBundle([], wholeOf(c, 'since', 0))));
}

/** The entries about a donation or a task in this host's log, a page at a time, as a bundle that verifies offline. */
async function auditOf(deps: StatusRoutesDeps, c: Context): Promise<Response> {
  const { askers, vault } = deps;
  const subject = c.req.query('subject') ?? '';
  if (!/^[\w.:-]{1,128}$/.test(subject))
    throw new TallyError('INPUT_INVALID', 'subject: must be the id of a donation or a task.', { field: 'subject' });
  const { donor } = await askers.reader(c, 'audit', subject);
  if (donor !== null) await mustBeTheirs(deps, subject, donor);
  const from = wholeOf(c, 'from', 0) ?? 0;
  const seqs = vault.auditAbout(subject).filter((seq) => seq >= from);
  return c.json(await vault.auditBundle(seqs.slice(0, limitOf(c)), wholeOf(c, 'since', 0)));
}

/** What is not theirs cannot be told from what is not there. */
async function mustBeTheirs({ donations, tasks }: StatusRoutesDeps, subject: string, donor: string): Promise<void> {
  const isTask = await tasks.isBy(subject, donor);
  const gift = isTask ? null : await donations.stores.donations.get(subject);
  if (!isTask && gift?.value.donor !== donor) throw new TallyError('NOT_FOUND', 'There is no donation and no task of yours with this id.');
}
