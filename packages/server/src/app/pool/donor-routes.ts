import type { Hono } from 'hono';
import { z } from 'zod';
import type { DonorAccount } from '#pool';
import { name, read } from '../admin-input.ts';
import type { Daemon } from '../daemon.ts';
import { jsonBody } from './answer.ts';

const schema = z.strictObject({ name });

/** Donors without a wallet are known by a token that the operator makes. */
export function donorRoutes(app: Hono, { pool }: Pick<Daemon, 'pool'>): void {
  const { accounts } = pool.donations;
  const base = '/api/admin/donors';
  app.get(base, async (c) => c.json({ donors: (await accounts.list()).map(view) }));
  app.post(base, async (c) => {
    const made = await accounts.create(read(schema, await jsonBody(c)).name);
    return c.json({ ...view(made), token: made.token }, 201);
  });
  app.post(`${base}/:id/revoke`, async (c) => c.json(view(await accounts.revoke(c.req.param('id')))));
}

function view({ id, donor, name: called, hint, state, createdAt }: DonorAccount) {
  return { id, donor, name: called, hint, state, created_at: createdAt };
}
