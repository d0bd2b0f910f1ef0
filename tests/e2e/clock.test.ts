import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { tally } from '../../packages/cli/src/testing/harness.ts';
import { call, eventually, wrongs } from '../support/calling.ts';
import { startDaemon, type TestDaemon, temporaryFolder } from '../support/daemon.ts';
import { give, inBooks, launchOf, openGates, poolKey } from '../support/gifts.ts';
import { type OwnSandbox, ownSandbox } from '../support/sandbox.ts';

const HOUR_MS = 3_600_000;
const FIXED = { model: 'sandbox-fixed-5' };
const SKEW = fileURLToPath(new URL('../support/skewed-clock.ts', import.meta.url));

type Clock = { readonly wall_ms: number; readonly grant_ms: number; readonly skipped_ms: number };

let daemon: TestDaemon;
let sandbox: OwnSandbox;
afterEach(async () => {
  await daemon.dispose();
  await sandbox.close();
});

const clockOf = async () => (await daemon.admin<Clock>('/clock')).body;

it.each([['1'], ['2']])(
  'a clock that is set forward opens nothing, over restarts too, until it is confirmed (%s processes)',
  async (workers) => {
    sandbox = await ownSandbox();
    const dir = temporaryFolder();
    const file = join(dir, 'ahead');
    const setAhead = (ms: number) => writeFileSync(file, String(ms));
    setAhead(0);
    const opensAt = Date.now() + HOUR_MS;
    const { key } = await inBooks(dir, async (books) => {
      await openGates(books, opensAt);
      await give(books, { baseUrl: `${sandbox.url}/v1`, secret: 'sk-given-0123456789' });
      return poolKey(books, 'pool');
    });
    const env = {
      ...{ TALLY_SANDBOX: '0', TALLY_LOG_LEVEL: 'silent', TALLY_WORKERS: workers, ...launchOf(opensAt) },
      ...{ TALLY_TEST_CLOCK: file, NODE_OPTIONS: `--disable-warning=ExperimentalWarning --import=${SKEW}` },
    };
    daemon = await startDaemon({ dir, env });
    const code = async () => (await call(daemon.url, key, FIXED)).code;
    expect(await code()).toBe('GOVERNANCE_LOCKED');
    expect((await clockOf()).skipped_ms).toBe(0);
    expect((await wrongs(daemon, 'doctor')).filter((wrong) => wrong.startsWith('clock'))).toEqual([]);

    setAhead(2 * HOUR_MS);
    await eventually('the jump', async () => (await clockOf()).skipped_ms > HOUR_MS);
    expect(await code()).toBe('GOVERNANCE_LOCKED');
    expect((await wrongs(daemon, 'doctor')).join()).toContain('tally clock confirm');

    await daemon.stop();
    daemon = await startDaemon({ dir, env });
    expect((await clockOf()).skipped_ms).toBeGreaterThan(HOUR_MS);
    expect(await code()).toBe('GOVERNANCE_LOCKED');

    // Set back it is right again, without anybody's word.
    setAhead(0);
    await eventually('the way back', async () => (await clockOf()).skipped_ms === 0);
    expect(await code()).toBe('GOVERNANCE_LOCKED');

    setAhead(2 * HOUR_MS);
    await eventually('the second jump', async () => (await clockOf()).skipped_ms > HOUR_MS);
    const operator = { env: { TALLY_DATA_DIR: join(dir, 'data') }, cwd: dir };
    expect((await tally(['clock'], operator)).out).toMatch(/skipped\t7\d{6} ms/);
    const confirmed = await tally(['clock', 'confirm', '--reason', 'looked at', '--json'], operator);
    expect(JSON.parse(confirmed.out)).toMatchObject({ skipped_ms: 0 });
    expect((await call(daemon.url, key, FIXED)).status).toBe(200);
    const { out } = await tally(['doctor', '--json'], operator);
    expect(out).toContain('has not jumped');
    await daemon.stop();
    await inBooks(dir, async ({ vault }) => {
      const told = vault.auditEntries(0, 1_000).filter(({ subject }) => subject === 'clock');
      expect(told.at(-1)).toMatchObject({ kind: 'clock.confirmed', data: { reason: 'looked at' } });
      expect(told.some(({ kind }) => kind === 'clock.jumped')).toBe(true);
    });
  },
);
