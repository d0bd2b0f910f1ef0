import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FakeDaemon, fakeDaemon, HERE, tally, workFolder } from '../testing/harness.ts';

const ADDRESS = '0x00000000000000000000000000000000000000a1';
const VIEW = {
  mode: 'embedded',
  state: 'ready',
  chain_id: 31_337,
  rpc: 'http://127.0.0.1:8545',
  reason: null,
  deployment: { network: 'local', registry: ADDRESS, contracts: { CreditVault: { address: ADDRESS, version: 1 } } },
};

/** Stands in for the daemon's program: gives back what it was asked, as a deployment of one contract. */
const PROGRAM = `
const [command, , text] = process.argv.slice(2);
const ask = JSON.parse(text);
if (ask.order.network === 'refused') {
  process.stderr.write('{"error":{"code":"DEPLOY_REFUSED","message":"No.","fix":"Mend it."}}\\n');
  process.exit(1);
}
const steps = [{ name: 'CreditVault', address: '${ADDRESS}', done: 'planned', gas: 12, constructor_args: '' }];
const roles = [{ role: 'GOVERNOR', holder: '${ADDRESS}', delay_s: 172800, functions: 9 }];
const key = process.env.TALLY_DEPLOYER_KEY ?? null;
const paid = ask.rpc === undefined ? {} : { fee_wei: '1230000000000000000' };
const shown = { ...paid, max_fee_wei: ask.max_fee_wei ?? '20000000000', gas: 12, gas_is: 'estimate', steps, roles, dry_run: ask.dry_run, contracts: { CreditVault: 'a.sol:CreditVault' }, command, ask, key };
process.stdout.write(JSON.stringify(shown) + '\\n');
`;

let daemon: FakeDaemon;
let folder: ReturnType<typeof workFolder>;
let daemonMain: string;
const ran = (args: readonly string[], env = {}, terminal = false) =>
  tally(['chain', ...args], { cwd: folder.cwd, env: { ...HERE, ...env }, daemonMain, terminal });

beforeEach(async () => {
  daemon = await fakeDaemon({ 'GET /api/admin/chain': [200, VIEW] });
  folder = workFolder(daemon.url);
  daemonMain = folder.file('program.mjs', PROGRAM);
});
afterEach(async () => {
  await daemon.close();
  folder.remove();
});

describe('tally chain status', () => {
  test('says which chain, that it is local, and where each contract is', async () => {
    const { code, out } = await ran(['status']);
    expect(code).toBe(0);
    expect(out).toContain('chain\t31337\nmode\tembedded (LOCAL: test assets without value)\nstate\tready\n');
    expect(out).toContain(`CreditVault\t${ADDRESS}\n`);
    expect(JSON.parse((await ran(['status', '--json'])).out)).toEqual(VIEW);
  });

  test('says why there is none', async () => {
    await daemon.close();
    daemon = await fakeDaemon({
      'GET /api/admin/chain': [
        200,
        { ...VIEW, mode: 'none', state: 'off', chain_id: null, rpc: null, reason: 'no anvil', deployment: null },
      ],
    });
    const { out } = await ran(['status', '--url', daemon.url]);
    expect(out).toBe('chain\t-\nmode\tnone\nstate\toff\nrpc\t-\nreason\tno anvil\nregistry\t-\n');
  });
});

describe('tally chain plan and deploy', () => {
  const asked = async (args: readonly string[], env = {}) => JSON.parse((await ran([...args, '--json'], env)).out);

  test('hand on what was asked for, with absolute paths, and the key by the environment alone', async () => {
    const parties = ['--governor', ADDRESS, '--slash-beneficiary', ADDRESS, '--launch', '2026-12-01', '--max-fee', '0.5'];
    const files = ['--keystore', 'k.json', '--password-file', 'p', '--out', 'd.json', '--verify-input', 'inputs'];
    const seen = await asked(['deploy', '--network', 'base', '--rpc', 'https://node.example', ...parties, ...files], {
      TALLY_DEPLOYER_KEY: 'ab',
    });
    expect(seen).toMatchObject({
      command: 'chain-deploy',
      key: 'ab',
      ask: {
        order: { network: 'base', governor: ADDRESS, slashBeneficiary: ADDRESS, launchAt: Date.parse('2026-12-01T00:00:00Z') / 1_000 },
        rpc: 'https://node.example',
        max_fee_wei: '500000000',
        dry_run: false,
        keystore: join(folder.cwd, 'k.json'),
        password_file: join(folder.cwd, 'p'),
        out: join(folder.cwd, 'd.json'),
        verify_input: join(folder.cwd, 'inputs'),
      },
    });
    expect(await asked(['plan', '--network', 'local', '--deployer', ADDRESS])).toMatchObject({
      command: 'chain-plan',
      ask: { order: { network: 'local', deployer: ADDRESS }, dry_run: false },
    });
    expect(await asked(['deploy', '--network', 'base', '--dry-run'])).toMatchObject({ ask: { dry_run: true } });
  });

  test('are tables, and a rehearsal says that it was one', async () => {
    const { out } = await ran(['plan', '--network', 'local']);
    expect(out).toBe(`contract\taddress\tstate\tgas\nCreditVault\t${ADDRESS}\tplanned\t12\nall\t\t\t12\n`);
    const { err } = await ran(['deploy', '--network', 'local', '--dry-run'], {}, true);
    expect(err).toContain('DRY RUN');
    expect(err).toContain('GOVERNOR');
    expect(err).toContain('At most 0.00000024 ether for gas, at 20 gwei (--max-fee)');
    const paid = await ran(['deploy', '--network', 'local', '--rpc', 'https://node.example'], {}, true);
    expect(paid.err).toContain('Paid: 1.23 ether.');
  });

  test('refuse what is wrong before anything runs, and pass on what the program says', async () => {
    expect(await ran(['plan'])).toMatchObject({ code: 2, err: expect.stringContaining('--network') });
    expect(await ran(['plan', '--network', 'base', '--launch', 'soon'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('--launch'),
    });
    const wrong = [
      ['--launch', '2026-02-30'],
      ['--launch', '1970-01-01'],
      ['--rpc', 'ws://node.example/the-key'],
      ['--rpc', 'the-key'],
      ['--max-fee', '0'],
      ['--max-fee', '1e9'],
    ] as const;
    for (const [flag, value] of wrong) {
      const { code, err } = await ran(['deploy', '--network', 'base', flag, value]);
      expect([code, err]).toEqual([2, expect.stringContaining(flag)]);
      expect(err).not.toContain('the-key');
    }
    expect(await ran(['deploy', '--network', 'refused'])).toMatchObject({ code: 4, err: 'error DEPLOY_REFUSED: No. Mend it.\n' });
  });

  test('verify-input names the file of each contract', async () => {
    expect((await ran(['verify-input', 'inputs'])).out).toContain('CreditVault.json\ta.sol:CreditVault\n');
  });
});
