import { artifacts } from '@tallystick/contracts';
import { DEPLOYABLES } from '@tallystick/contracts/deployables';
import { FUNCTION_ROLES } from '@tallystick/contracts/roles';
import { type Address, decodeFunctionData, getAddress, keccak256, parseAbi, stringToHex } from 'viem';
import { mnemonicToAccount } from 'viem/accounts';
import { describe, expect, it } from 'vitest';
import { artifactOf, build, constructorNames, functionRoles, handOver } from './build.ts';
import { create2Address, predict } from './create3.ts';
import { type DeployInput, readOrder } from './inputs.ts';
import { DEV_ADDRESSES, DEV_PHRASE, isDevAddress, NETWORKS } from './networks.ts';
import { DEFAULT_SPLIT, PLAN } from './plan.ts';
import { viewOf } from './view.ts';

const NOW = 1_800_000_000n;
const named = (text: string): Address => getAddress(`0x${keccak256(stringToHex(text)).slice(-40)}`);
const DEPLOYER = named('deployer');
const PARTIES = {
  governor: named('governor'),
  guardian: named('guardian'),
  arbiter: named('arbiter'),
  registrar: named('registrar'),
  proposer: named('proposer'),
  reserve: named('reserve'),
  protocol: named('protocol'),
  slashBeneficiary: named('slashed'),
};
const order = (more: Partial<DeployInput> = {}) => readOrder({ network: 'base', ...PARTIES, ...more }, NOW);

describe('predicted addresses', () => {
  it('follow EIP-1014: its own examples', () => {
    const zero = '0x0000000000000000000000000000000000000000';
    const salt = `0x${'00'.repeat(32)}` as const;
    expect(create2Address(salt, '0x00', zero)).toBe('0x4D1A2e2bB4F88F0250f26Ffff098B0b30B26BF38');
    expect(create2Address(salt, '0xdeadbeef', zero)).toBe('0x70f2b2914A2a4b783FaEFb75f459A580616Fcb5e');
  });

  it('depend on the registry, the name and the version, and on nothing else', () => {
    const registry = named('registry');
    const all = [predict(registry, 'A'), predict(registry, 'B'), predict(registry, 'A', 2), predict(named('other'), 'A')];
    expect(new Set(all).size).toBe(4);
    expect(predict(registry, 'A', 1)).toBe(all[0]);
  });

  it('are the same on every chain for one deployer, whatever is given', () => {
    const places = (network: string, launchAt?: number) => build(order({ network, launchAt }), DEPLOYER).addresses;
    expect(places('base')).toEqual(places('base-sepolia', 1_700_000_000));
    expect(places('base')).not.toEqual(build(order(), named('another')).addresses);
  });
});

describe('the plan', () => {
  it('deploys each contract once, all but those of a migration', () => {
    const names = PLAN.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    const others = ['AccessManager', 'ChainRegistry', 'MigrationClaims', 'MigrationManifest'];
    expect([...names, ...others].sort()).toEqual([...DEPLOYABLES].sort());
  });

  it('names the arguments as the constructors do', () => {
    for (const { name, args } of PLAN) expect(Object.keys(args).sort(), name).toEqual(constructorNames(artifactOf(name).abi).sort());
  });

  it('has the test asset on local chains only', () => {
    expect(build(order(), DEPLOYER).addresses).not.toHaveProperty('TestAsset');
    const local = build(readOrder({ network: 'local' }, NOW), DEPLOYER);
    expect(local.contracts.find(({ name }) => name === 'CreditToken')?.args['asset']).toBe(local.addresses['TestAsset']);
  });

  it('leaves 92 of 100 to the provider', () => {
    const { oraclesBps, reserveBps, protocolBps } = DEFAULT_SPLIT;
    expect(10_000 - oraclesBps - reserveBps - protocolBps).toBe(9_200);
  });

  it('knows every function that a role guards', () => {
    const wired = functionRoles(build(order(), DEPLOYER));
    const planned = Object.entries(FUNCTION_ROLES).filter(([name]) => !name.startsWith('Migration'));
    expect(wired).toHaveLength(planned.reduce((sum, [, functions]) => sum + Object.keys(functions).length, 0));
    expect(new Set(wired.map(({ target, selector }) => target + selector)).size).toBe(wired.length);
  });

  it('hands over in one call, whose last word takes the deployer’s power', () => {
    const abi = artifacts.AccessManager.abi;
    const calls = (network: string) => {
      const { args } = decodeFunctionData({ abi, data: handOver(build(order({ network }), DEPLOYER)) });
      return ((args?.[0] ?? []) as readonly `0x${string}`[]).map((data) => decodeFunctionData({ abi, data }));
    };
    expect(calls('base').at(-1)).toEqual({ functionName: 'renounceRole', args: [0n, DEPLOYER] });
    expect(calls('local').map(({ functionName }) => functionName)).not.toContain('renounceRole');
    expect(calls('base').filter(({ functionName }) => functionName === 'execute')).toHaveLength(4);
    // Granting comes before the deployer stops being the roles' admin.
    const names = calls('base').map(({ functionName }) => functionName);
    expect(names.lastIndexOf('grantRole')).toBeLessThan(names.indexOf('setRoleAdmin'));
  });

  it('is shown with estimates until something ran', () => {
    const view = viewOf(build(order(), DEPLOYER), 8_453, null);
    expect(view).toMatchObject({ network: 'base', chain_id: 8_453, gas_is: 'estimate', deployer: DEPLOYER });
    expect(view.steps.every(({ done, gas }) => done === 'planned' && gas > 100_000)).toBe(true);
    const vault = view.steps.find(({ name }) => name === 'CreditVault');
    expect(vault?.constructor_args).toMatch(/^(0{24}[0-9a-f]{40}){3}$/);
  });
});

describe('the order', () => {
  it('needs no parties on a local chain, and each of them elsewhere', () => {
    expect(readOrder({ network: 'local' }, NOW).holders.GOVERNOR).toBe(DEV_ADDRESSES[0]);
    for (const party of Object.keys(PARTIES)) {
      const flag = party === 'slashBeneficiary' ? 'slash-beneficiary' : party;
      expect(() => order({ [party]: undefined }), party).toThrow(`--${flag} is missing`);
    }
  });

  it.each([
    ['an unknown network', { network: 'mainnet' }, 'INPUT_INVALID', '--network must be one of local, base-sepolia, base'],
    ['a name of the prototype', { network: 'constructor' }, 'INPUT_INVALID', '--network'],
    ['no address', { arbiter: '0x12' }, 'INPUT_INVALID', '--arbiter is no address'],
    [
      'a wrong checksum',
      { arbiter: PARTIES.arbiter.replace(/[a-f]/, (a) => a.toUpperCase()).replace(/[A-F](?=[^A-F]*$)/, (a) => a.toLowerCase()) },
      'INPUT_INVALID',
      'checksum',
    ],
    ['the zero address', { reserve: `0x${'0'.repeat(40)}` }, 'INPUT_INVALID', 'zero address'],
    ['a development account', { governor: DEV_ADDRESSES[3] }, 'DEPLOY_REFUSED', 'everybody has its key'],
    ['one account as governor and guardian', { governor: PARTIES.guardian }, 'DEPLOY_REFUSED', 'two accounts'],
    ['one account as arbiter and proposer', { arbiter: PARTIES.proposer }, 'DEPLOY_REFUSED', 'arbiter and the proposer'],
    ['slashed wei for the proposer', { slashBeneficiary: PARTIES.proposer }, 'DEPLOY_REFUSED', 'slash beneficiary'],
    ['slashed wei for the arbiter', { slashBeneficiary: PARTIES.arbiter }, 'DEPLOY_REFUSED', 'slash beneficiary'],
  ])('refuses %s', (_name, more, code, why) => {
    expect(() => order(more)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(why) }));
  });

  it('launches when it is told to, else now', () => {
    expect(order().given.launchAt).toBe(NOW);
    expect(order({ launchAt: 5 }).given.launchAt).toBe(5n);
  });

  it('waits off the local chains: two days for parameters', () => {
    expect(order().given.timelock).toBe(172_800n);
    expect(readOrder({ network: 'local' }, NOW).given.timelock).toBe(3_600n);
  });

  it('knows the development accounts by their phrase', () => {
    const derived = DEV_ADDRESSES.map((_, index) => mnemonicToAccount(DEV_PHRASE, { addressIndex: index }).address);
    expect(derived).toEqual(DEV_ADDRESSES);
    expect(isDevAddress(DEV_ADDRESSES[4]?.toLowerCase() ?? '')).toBe(true);
    expect(isDevAddress(DEPLOYER)).toBe(false);
  });

  it('knows assets of Base by their checksums', () => {
    for (const { asset } of Object.values(NETWORKS)) if (asset !== null) expect(getAddress(asset)).toBe(asset);
  });
});

it('artifacts speak the language of the plan', () => {
  // A signature that others rely on, so that an artifact of another interface is seen here first.
  expect(artifacts.ChainRegistry.abi).toEqual(
    expect.arrayContaining(
      parseAbi(['function predict(bytes32 name, uint32 version) view returns (address)']).map(({ name }) =>
        expect.objectContaining({ name }),
      ),
    ),
  );
});
