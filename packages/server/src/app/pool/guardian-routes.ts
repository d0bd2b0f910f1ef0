import type { Hono } from 'hono';
import { z } from 'zod';
import type { GuardianView } from '#pool';
import { name, read } from '../admin-input.ts';
import type { Daemon } from '../daemon.ts';
import { jsonBody } from './answer.ts';

const schema = z.strictObject({ name });

/** Guardians may stop the pool; the operator makes them. */
export function guardianRoutes(app: Hono, { pool }: Pick<Daemon, 'pool'>): void {
  const { guardians } = pool.governance;
  const base = '/api/admin/guardians';
  app.get(base, async (c) => c.json({ guardians: (await guardians.list()).map(view) }));
  app.post(base, async (c) => {
    const made = await guardians.create(read(schema, await jsonBody(c)).name);
    return c.json({ ...view(made), token: made.token }, 201);
  });
  app.post(`${base}/:id/revoke`, async (c) => c.json(view(await guardians.revoke(c.req.param('id')))));
}

function view({ id, name: called, hint, state, createdAt }: GuardianView) {
  return { id, name: called, hint, state, created_at: createdAt };
}
