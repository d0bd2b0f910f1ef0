import { it } from 'vitest';
import { SANDBOX_MODELS } from '../../packages/sandbox/src/models.ts';
import { addKey, addSource, call, receiptOf, settledSource } from '../support/calling.ts';
import { startDaemon } from '../support/daemon.ts';
import { ownSandbox } from '../support/sandbox.ts';
it('explore', async () => {
  const sandbox = await ownSandbox();
  const d = await startDaemon({ env: { TALLY_SANDBOX: '0', TALLY_UPSTREAM_HEADERS_MS: '1000', TALLY_UPSTREAM_IDLE_MS: '1000', TALLY_LOG_LEVEL: 'warn' } });
  for (const settle of ['metered', 'hold'] as const)
  for (const m of SANDBOX_MODELS.filter((m) => !m.wellBehaved))
    for (const stream of [false, true]) {
      const k = `sk-${m.id}-${stream}-${settle}-0123456789`;
      const id = await addSource(d, { base_url: sandbox.url + '/v1', api_key: k, cap: 100000, settle });
      const { key } = await addKey(d, { sources: [id] });
      const t = performance.now();
      const s = await call(d.url, key, { model: m.id, stream, max: 20 });
      const ms = Math.round(performance.now() - t);
      const v = await settledSource(d, id);
      const r = await receiptOf(d.url, s.receipt);
      const u = await sandbox.usage(k);
      console.log(settle, m.id, stream, s.status, s.code, s.died, ms + 'ms', 'retry', s.headers.get('retry-after'), s.headers.get('x-should-retry'), '| kind', r.receipt.kind, 'charged', r.receipt.charged, 'held', s.headers.get('x-tally-held'), '| src', v.state, v.state_reason, v.spent, v.overrun, '| billed', u.total_tokens, u.requests, JSON.stringify(r.detail.reason), r.detail.complete, s.text.slice(-150).replaceAll('\n', '\\n'));
    }
  console.log(d.stderr());
  await d.dispose(); await sandbox.close();
}, 200000);
