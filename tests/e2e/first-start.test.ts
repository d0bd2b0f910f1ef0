/** The first minutes with the daemon: nothing that is shown once may be lost, and what is said is right. */
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { addKey, addSource, call, eventually } from '../support/calling.ts';
import { startDaemon, temporaryFolder } from '../support/daemon.ts';
import { offline } from '../support/offline.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';

it('a port that is taken at the very first start costs nothing: the next start shows the virtual key', async () => {
  const dir = temporaryFolder();
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const { port } = taken.address() as { port: number };
  const refused = await offline(dir, ['serve'], { PORT: String(port) });
  expect(refused).toMatchObject({ exit: 78, error: { code: 'CONFIG_INVALID', message: expect.stringContaining('choose another PORT') } });
  taken.close();
  const daemon = await startDaemon({ dir });
  expect(daemon.virtual_key).toMatch(/^tk_/);
  expect((await call(daemon.url, daemon.virtual_key ?? '', { model: 'sandbox-small', max: 20 })).status).toBe(200);
  await daemon.dispose();
});

it('says of credits what they are, and shows them with the key', async () => {
  const upstream = await startRecordingUpstream();
  const daemon = await startDaemon({ env: { TALLY_SANDBOX: '0' } });
  const tariff = [
    { unit: 'input', price: '2500000', per: '1000000' },
    { unit: 'output', price: '10000000', per: '1000000' },
  ];
  const source = await addSource(daemon, { provider: 'openai', base_url: upstream.url, api_key: 'sk-credits', cap: 100_000, tariff });
  const { key } = await addKey(daemon, { sources: [source], credits: 1000 });
  const seen = await call(daemon.url, key, { model: 'gpt-4o-mini', max: 100 });
  expect(seen.code).toBe('CAP_EXCEEDED');
  expect(seen.text).toMatch(/could cost up to 0\.00\d{4} credits; 0\.001000 of 0\.001000 credits are left under the cap of this key/);
  const { body } = await daemon.admin<{ keys: { credits: unknown }[] }>('/keys');
  expect(body.keys.at(-1)?.credits).toEqual({ limit: '1000', held: '0', spent: '0' });
  await daemon.dispose();
  await upstream.close();
});

it('tells readiness no while it waits for calls to end, and still answers', async () => {
  const daemon = await startDaemon({ env: { TALLY_SANDBOX_CAP: '100000', TALLY_SHUTDOWN_MS: '1500' } });
  const key = daemon.virtual_key ?? '';
  const running = call(daemon.url, key, { model: 'sandbox-hang', max: 20 });
  await eventually('the call runs', async () => {
    const { body } = await daemon.admin<{ sources: { held: string }[] }>('/sources');
    return body.sources.some(({ held }) => held !== '0');
  });
  const stopped = daemon.stop();
  await sleep(200);
  expect((await fetch(`${daemon.url}/readyz`)).status).toBe(503);
  expect(await call(daemon.url, key, { model: 'sandbox-small', max: 20 })).toMatchObject({ status: 503, code: 'SHUTTING_DOWN' });
  expect(await stopped).toBe(0);
  expect((await running).status).toBe(503);
  await daemon.dispose();
});
