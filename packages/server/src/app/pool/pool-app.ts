import { TallyError } from '@tallystick/core';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { Daemon } from '../daemon.ts';
import { OTHER_BODY_BYTES_MAX } from '../http-server.ts';
import { poolError } from './answer.ts';
import { Askers } from './credentials.ts';
import { donationRoutes } from './donation-routes.ts';
import { governanceRoutes } from './governance-routes.ts';
import { statusRoutes } from './status-routes.ts';
import { taskRoutes } from './task-routes.ts';

/** The routes of the donation pool, in the pool's own form of answers. */
export function poolApp(daemon: Daemon): Hono {
  const app = new Hono();
  app.onError((error, c) => poolError(daemon.log, c, error));
  app.use(
    '/api/ai-pool/*',
    bodyLimit({
      maxSize: OTHER_BODY_BYTES_MAX,
      onError: () => {
        throw new TallyError('BODY_TOO_LARGE');
      },
    }),
  );
  app.use('/api/ai-pool/*', async (c, next) => {
    await next();
    if (daemon.config.TALLY_POOL_LOCKOUT_OFF) c.header('x-tally-lockout', 'overridden');
  });
  donationRoutes(app, { ...daemon, ...daemon.pool });
  const { tasks, donations, governance } = daemon.pool;
  const askers = new Askers(donations.auth, daemon.adminToken);
  const { voices } = governance;
  governanceRoutes(app, { governance, tasks, askers, voices });
  statusRoutes(app, { governance, donations, tasks, vault: daemon.vault, askers });
  taskRoutes(app, { tasks, askers, voices });
  return app;
}
