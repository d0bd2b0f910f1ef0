import { type ErrorCode, TallyError } from '@tallystick/core';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { receiptAnswer } from '#settle';
import { readArchive, readArchiveFile } from './admin-archive.ts';
import { attachSource } from './admin-attach.ts';
import { readAttach, readBackup, readKey, readLimit, readReason, readSource } from './admin-input.ts';
import { createKey, listKeys, revokeKey } from './admin-keys.ts';
import { readReconcile } from './admin-reconcile.ts';
import { addSource, destroySource, limitSource, listSources, setSourceState, showSource } from './admin-sources.ts';
import { isAdmin } from './admin-token.ts';
import { archiveMonth, listArchives, verifyArchive } from './archive.ts';
import { backup } from './backup.ts';
import { clockView, confirmClock } from './clock.ts';
import type { Daemon } from './daemon.ts';
import { auditVerify, doctor } from './doctor.ts';
import { inviteHost } from './hosts.ts';
import { OTHER_BODY_BYTES_MAX } from './http-server.ts';
import { donorRoutes } from './pool/donor-routes.ts';
import { guardianRoutes } from './pool/guardian-routes.ts';
import { poolApp } from './pool/pool-app.ts';
import { Readiness } from './readiness.ts';
import { listReconciliations, reconcileSource } from './reconcile.ts';

/** Everything but the callers' routes: receipts, operations, and the operator's own. */
export function adminApp(daemon: Daemon, isClosing: () => boolean): Hono {
  const app = new Hono();
  app.onError((error, c) => answerError(daemon, c, error));
  app.notFound((c) => answerError(daemon, c, new TallyError('ROUTE_UNKNOWN')));
  publicRoutes(app, daemon, isClosing);
  app.route('/', poolApp(daemon));
  app.use('/api/admin/*', async (c, next) => {
    if (!isAdmin(c.req.header('authorization'), daemon.adminToken)) {
      throw new TallyError('FORBIDDEN', 'This route is the operator’s.');
    }
    await next();
  });
  app.use(
    '/api/admin/*',
    bodyLimit({
      maxSize: OTHER_BODY_BYTES_MAX,
      onError: () => {
        throw new TallyError('BODY_TOO_LARGE');
      },
    }),
  );
  sourceRoutes(app, daemon);
  keyRoutes(app, daemon);
  donorRoutes(app, daemon);
  guardianRoutes(app, daemon);
  operationRoutes(app, daemon);
  return app;
}

function publicRoutes(app: Hono, daemon: Daemon, isClosing: () => boolean): void {
  app.get('/healthz', (c) => c.json({ status: 'ok' }));
  const readiness = new Readiness(daemon.ledger, daemon.clock);
  app.get('/readyz', async (c) => {
    const workers = daemon.front.workers();
    const told = { findings: daemon.anchorFindings().length, ...(workers === null ? {} : { workers }) };
    if (isClosing()) return c.json({ status: 'closing', ...told }, 503);
    const reason = await readiness.books();
    return reason === null ? c.json({ status: 'ready', ...told }) : c.json({ status: 'unavailable', ...told, reason }, 503);
  });
  app.get('/api/receipts/signer', (c) => {
    const { domain, lane } = daemon;
    const { chainId, verifyingContract } = domain;
    return c.json({ signer: daemon.signer.address, domain: { chainId: String(chainId), verifyingContract }, lane });
  });
  app.get('/api/receipts/:id', async (c) => {
    const { status, body } = await receiptAnswer(daemon.receipts, c.req.param('id'));
    if (status === 202) c.header('retry-after', '1');
    return c.json(body, status);
  });
}

function sourceRoutes(app: Hono, daemon: Daemon): void {
  const base = '/api/admin/sources';
  app.get(base, async (c) => c.json({ sources: await listSources(daemon) }));
  app.post(base, async (c) => c.json(await addSource(daemon, readSource(await json(c))), 201));
  app.get(`${base}/:id`, async (c) => c.json(await showSource(daemon, c.req.param('id'))));
  app.post(`${base}/:id/attach`, async (c) => c.json(await attachSource(daemon, c.req.param('id'), readAttach(await json(c)).api_key)));
  app.post(`${base}/:id/limit`, async (c) => c.json(await limitSource(daemon, c.req.param('id'), readLimit(await json(c)).limit)));
  app.post(`${base}/:id/pause`, async (c) => {
    const { reason } = readReason(await json(c));
    return c.json(await setSourceState(daemon, c.req.param('id'), 'paused', reason ?? 'by the operator'));
  });
  app.post(`${base}/:id/resume`, async (c) => {
    const { reason, reconciled_total } = readReason(await json(c));
    return c.json(await setSourceState(daemon, c.req.param('id'), 'active', reason ?? 'by the operator', reconciled_total));
  });
  app.post(`${base}/:id/reconcile`, async (c) => c.json(await reconcileSource(daemon, c.req.param('id'), readReconcile(await json(c)))));
  app.get(`${base}/:id/reconciliations`, async (c) => c.json({ reconciliations: await listReconciliations(daemon, c.req.param('id')) }));
  app.post(`${base}/:id/destroy`, async (c) => {
    const { reason } = readReason(await json(c));
    return c.json(await destroySource(daemon, c.req.param('id'), reason ?? 'by the operator'));
  });
}

function keyRoutes(app: Hono, daemon: Daemon): void {
  const base = '/api/admin/keys';
  app.get(base, async (c) => c.json({ keys: await listKeys(daemon) }));
  app.post(base, async (c) => c.json(await createKey(daemon, readKey(await json(c))), 201));
  app.post(`${base}/:id/revoke`, async (c) =>
    c.json(await revokeKey(daemon, c.req.param('id'), readReason(await json(c)).reason ?? 'by the operator')),
  );
}

function booksOf({ chain }: Daemon) {
  if (chain.books === null) throw new TallyError('CHAIN_UNREACHABLE', 'The gateway works without a chain.');
  return chain.books;
}

function operationRoutes(app: Hono, daemon: Daemon): void {
  // Metrics tell how much is spent and by what: not for everyone.
  app.get('/metrics', (c) => {
    if (!isAdmin(c.req.header('authorization'), daemon.adminToken)) throw new TallyError('FORBIDDEN', 'Metrics are the operator’s.');
    return metricsText(c, daemon);
  });
  app.get('/api/admin/chain', async (c) => c.json(await daemon.chain.view()));
  app.get('/api/admin/chain/books', (c) => c.json(booksOf(daemon).view()));
  app.post('/api/admin/chain/verify', async (c) => c.json(await booksOf(daemon).verify()));
  app.post('/api/admin/stop', async (c) => {
    const { reason } = readReason(await json(c));
    await daemon.vault.audit('pool.stopped', 'pool', { reason: reason ?? 'by the operator' });
    await daemon.ledger.setStop(true, reason ?? 'by the operator');
    return c.json({ stopped: true });
  });
  app.post('/api/admin/start', async (c) => {
    const { reason } = readReason(await json(c));
    await daemon.vault.audit('pool.started', 'pool', { reason: reason ?? 'by the operator' });
    await daemon.ledger.setStop(false, reason ?? 'by the operator');
    return c.json({ stopped: false });
  });
  app.get('/api/admin/clock', (c) => c.json(clockView(daemon.grant)));
  app.post('/api/admin/clock/confirm', async (c) =>
    c.json(await confirmClock(daemon, readReason(await json(c)).reason ?? 'by the operator')),
  );
  app.post('/api/admin/hosts/invite', async (c) => c.json(await inviteHost(daemon), 201));
  app.post('/api/admin/backup', async (c) => c.json(await backup(daemon, readBackup(await json(c)).folder), 201));
  app.get('/api/admin/archives', async (c) => c.json({ archives: await listArchives(daemon) }));
  app.post('/api/admin/archives', async (c) => c.json(await archiveMonth(daemon, readArchive(await json(c)))));
  app.post('/api/admin/archives/verify', async (c) => c.json(await verifyArchive(daemon, readArchiveFile(await json(c)).file)));
  app.get('/api/admin/audit/verify', async (c) => c.json(await auditVerify(daemon)));
  app.get('/api/admin/doctor', async (c) => c.json(await doctor(daemon.config, { ...daemon, anchorFindings: daemon.anchorFindings() })));
}

async function metricsText(c: Context, daemon: Daemon): Promise<Response> {
  daemon.metrics.openHolds.set((await daemon.ledger.openHolds(100_000)).length);
  return c.text(await daemon.front.metrics(), 200, { 'content-type': daemon.metrics.registry.contentType });
}

async function json(c: Context): Promise<unknown> {
  const text = await c.req.text();
  if (text === '') return {};
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new TallyError('BODY_INVALID', 'The body is not valid JSON.', {}, { cause });
  }
}

function answerError(daemon: Daemon, c: Context, error: unknown): Response {
  const shown = error instanceof TallyError ? error : new TallyError('INTERNAL', undefined, {}, { cause: error });
  if (shown.code === 'INTERNAL')
    daemon.log.error(
      { path: c.req.routePath, name: error instanceof Error ? error.name : 'unknown' },
      'an operator’s request failed inside',
    );
  const status = shown.status as ContentfulStatusCode;
  const code: ErrorCode = shown.code;
  if (shown.final) c.header('x-should-retry', 'false');
  return c.json({ error: { code, message: shown.message, fix: shown.fix, facts: shown.facts } }, status);
}
