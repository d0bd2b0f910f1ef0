/** The commands that deploy, as the daemon's program runs them: what they refuse, and what they leave behind. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../support/calling.ts';
import { temporaryFolder } from '../support/daemon.ts';
import { anvilPath, devChain } from '../support/dev-chain.ts';
import { offline } from '../support/offline.ts';
import { childrenOf, isRunning } from '../support/processes.ts';

const LOCAL = { order: { network: 'local' }, dry_run: false };
let dir: string;
beforeEach(() => {
  dir = temporaryFolder();
});

describe('what is to be deployed', () => {
  it.each([
    [{ ...LOCAL, rpc: 'the-key' }, '--rpc'],
    [{ ...LOCAL, order: { network: 'local', launchAt: 0 } }, '--launch'],
    [{ ...LOCAL, order: { network: 'local', slashBeneficiary: '' } }, '--slash-beneficiary'],
    [{ ...LOCAL, max_fee_wei: 'the-key' }, '--max-fee'],
    [{ ...LOCAL, password_file: '' }, '--password-file'],
  ])('is refused by the name of what is wrong: %o', async (ask, flag) => {
    const { exit, error } = await offline(dir, ['chain-deploy', JSON.stringify(ask)]);
    expect([exit, error]).toEqual([1, expect.objectContaining({ code: 'INPUT_INVALID', message: expect.stringContaining(`${flag}.`) })]);
    expect(error.message).not.toContain('the-key');
  });

  it('is not asked and signed in clear text beyond loopback', async () => {
    const ask = JSON.stringify({ ...LOCAL, rpc: 'http://node.invalid/the-key' });
    const { error } = await offline(dir, ['chain-deploy', ask]);
    expect(error).toMatchObject({ code: 'INPUT_INVALID', message: expect.stringContaining('clear text') });
    const allowed = await offline(dir, ['chain-deploy', ask], { TALLY_INSECURE_HTTP: '1' });
    expect(allowed.error).toMatchObject({ code: 'DEPLOY_FAILED', message: 'The RPC endpoint does not answer, or refuses.' });
    expect(`${error.message}${allowed.error.message}`).not.toContain('the-key');
  });
});

describe.skipIf(anvilPath === undefined)('a deployment by command (needs anvil)', () => {
  let ends: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const end of ends) await end();
    ends = [];
  });

  it('says what was paid, and keeps the bound of fees', async () => {
    const chain = await devChain();
    ends.push(chain.end);
    mkdirSync(join(dir, 'data'), { mode: 0o700 });
    const bounded = await offline(dir, ['chain-deploy', JSON.stringify({ ...LOCAL, rpc: chain.url, max_fee_wei: '1' })]);
    expect(bounded.error).toMatchObject({ code: 'DEPLOY_REFUSED', message: expect.stringContaining('--max-fee') });
    const { exit, out } = await offline(dir, ['chain-deploy', JSON.stringify({ ...LOCAL, rpc: chain.url })]);
    expect([exit, out]).toEqual([
      0,
      expect.objectContaining({ max_fee_wei: '20000000000', fee_wei: expect.stringMatching(/^[1-9]\d{15,17}$/) }),
    ]);
    const file = join(dir, 'data/chain/deployment-31337.json');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ chain_id: 31_337, from_block: 0 });
    expect(existsSync(`${file}.begun`)).toBe(false);
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('takes the chain of a rehearsal with it when %s ends it', async (signal) => {
    let anvil = 0;
    const ask = JSON.stringify({ ...LOCAL, dry_run: true });
    const { exit, error } = await offline(dir, ['chain-deploy', ask], {}, async (pid) => {
      [anvil = 0] = await eventually('its chain has started', async () => {
        const children = childrenOf(pid);
        return children.length > 0 && children;
      });
      // So that the rehearsal cannot be done before.
      process.kill(anvil, 'SIGSTOP');
      process.kill(pid, signal);
      // One that has not said yet where it listens must.
      process.kill(anvil, 'SIGCONT');
    });
    expect([exit, error.code]).toEqual([1, 'SHUTTING_DOWN']);
    expect(isRunning(anvil)).toBe(false);
  });
});
