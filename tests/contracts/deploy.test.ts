/** The whole deployment on a real chain: what the plan says is what is there afterwards. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Address,
  createPublicClient,
  encodeFunctionData,
  getAddress,
  type Hex,
  http,
  keccak256,
  stringToHex,
  toFunctionSelector,
} from 'viem';
import { mnemonicToAccount, privateKeyToAccount } from 'viem/accounts';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { artifacts } from '../../contracts/artifacts/index.ts';
import { ROLES, type Role } from '../../contracts/roles.ts';
import { at, build, type Deployment, functionRoles } from '../../packages/server/src/settle/deploy/build.ts';
import { CREATE2_DEPLOYER, nameOf, predict } from '../../packages/server/src/settle/deploy/create3.ts';
import { readOrder } from '../../packages/server/src/settle/deploy/inputs.ts';
import { DEV_PHRASE, NETWORKS } from '../../packages/server/src/settle/deploy/networks.ts';
import { deployOrder, rehearse } from '../../packages/server/src/settle/deploy/order.ts';
import { DEFAULT_SETTINGS } from '../../packages/server/src/settle/deploy/params.ts';
import { type DeployPort, viemPort } from '../../packages/server/src/settle/deploy/port.ts';
import { deployRecorded, readRecord } from '../../packages/server/src/settle/deploy/record.ts';
import { carryOut, type Did } from '../../packages/server/src/settle/deploy/run.ts';
import { anvilPath, type DevChain, devChain } from '../support/dev-chain.ts';

const account = mnemonicToAccount(DEV_PHRASE);
const quiet = async () => {};
const named = (text: string): Address => getAddress(`0x${keccak256(stringToHex(text)).slice(-40)}`);
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
/** Answers 6 to whatever it is asked. */
const SIX: Hex = '0x60065f5260205ff3';

const read = (chain: DevChain) => createPublicClient({ transport: http(chain.url) });

async function localDeployment(chain: DevChain): Promise<{ port: DeployPort; deployment: Deployment }> {
  const port = await viemPort(chain.url, account, 1, 20);
  return { port, deployment: build(readOrder({ network: 'local' }, await port.time()), account.address) };
}

/** Stops after so many transactions, as if the process had been killed. */
function dyingAfter(port: DeployPort, transactions: number): DeployPort {
  let left = transactions;
  const send: DeployPort['send'] = (to, data, gas) => {
    if (left-- <= 0) throw new Error('killed');
    return port.send(to, data, gas);
  };
  return { ...port, send };
}

describe.skipIf(anvilPath === undefined)('a local deployment (needs anvil)', () => {
  let chain: DevChain;
  let deployment: Deployment;
  let port: DeployPort;
  let did: readonly Did[];
  beforeAll(async () => {
    chain = await devChain();
    ({ port, deployment } = await localDeployment(chain));
    did = await carryOut(deployment, port, quiet);
  });
  afterAll(() => chain.end());

  it('puts every contract where the registry predicts it', async () => {
    const { abi } = artifacts.ChainRegistry;
    const registry = deployment.registry.address;
    for (const { name, address } of deployment.contracts) {
      const about = { address: registry, abi } as const;
      expect(await read(chain).readContract({ ...about, functionName: 'predict', args: [nameOf(name), 1] }), name).toBe(address);
      expect(await read(chain).readContract({ ...about, functionName: 'versionOf', args: [nameOf(name), 1] }), name).toBe(address);
    }
    const next = await read(chain).readContract({ address: registry, abi, functionName: 'predict', args: [nameOf('CreditVault'), 2] });
    expect(predict(registry, 'CreditVault', 2)).toBe(next);
  });

  it('joins the contracts: each circle closes', async () => {
    const { addresses } = deployment;
    const vault = { address: at(addresses, 'CreditVault'), abi: artifacts.CreditVault.abi } as const;
    expect(await read(chain).readContract({ ...vault, functionName: 'channels' })).toBe(at(addresses, 'SessionChannels'));
    expect(await read(chain).readContract({ ...vault, functionName: 'treasury' })).toBe(at(addresses, 'SettlementTreasury'));
    const token = { address: at(addresses, 'AIToken'), abi: artifacts.AIToken.abi } as const;
    expect(await read(chain).readContract({ ...token, functionName: 'minter' })).toBe(at(addresses, 'AITokenMinter'));
    const credits = { address: at(addresses, 'CreditToken'), abi: artifacts.CreditToken.abi } as const;
    expect(await read(chain).readContract({ ...credits, functionName: 'asset' })).toBe(at(addresses, 'TestAsset'));
    for (const venue of ['CreditVault', 'OrderSettlement'] as const) {
      expect(await read(chain).readContract({ ...credits, functionName: 'venueOf', args: [at(addresses, venue)] })).toBe(1);
    }
  });

  it('has the parameters that are documented', async () => {
    const governor = { address: at(deployment.addresses, 'ParamGovernor'), abi: artifacts.ParamGovernor.abi } as const;
    expect(await read(chain).readContract({ ...governor, functionName: 'keys' })).toEqual(DEFAULT_SETTINGS.map(({ key }) => key));
    for (const { key, value, min, max } of DEFAULT_SETTINGS) {
      expect(await read(chain).readContract({ ...governor, functionName: 'get', args: [key] })).toBe(value);
      expect(await read(chain).readContract({ ...governor, functionName: 'bounds', args: [key] })).toEqual([min, max]);
    }
  });

  it('is skipped when it is run again, and every code is checked', async () => {
    const again = await carryOut(deployment, port, quiet);
    expect(again.map(({ done }) => done)).toEqual(again.map(() => 'there already'));
    expect(did.every(({ done }) => done !== 'there already')).toBe(true);
  });

  it('is refused where other code stands at an address', async () => {
    const address = at(deployment.addresses, 'BlsScheme');
    const code = await chain.ask<Hex>('eth_getCode', [address, 'latest']);
    await chain.ask('anvil_setCode', [address, `${code.slice(0, -2)}${code.endsWith('00') ? '01' : '00'}`]);
    await expect(carryOut(deployment, port, quiet)).rejects.toMatchObject({ code: 'DEPLOY_FAILED', message: /^BlsScheme: other code/ });
    await chain.ask('anvil_setCode', [address, code]);
  });

  it('knows the immutables of a code from a change in it', async () => {
    const address = at(deployment.addresses, 'CreditVault');
    const code = await chain.ask<string>('eth_getCode', [address, 'latest']);
    const [[start = 0, length = 0] = []] = artifacts.CreditVault.runtime.immutables;
    const patched = `${code.slice(0, 2 + 2 * start)}${'ab'.repeat(length)}${code.slice(2 + 2 * (start + length))}`;
    await chain.ask('anvil_setCode', [address, patched]);
    await expect(carryOut(deployment, port, quiet)).resolves.toHaveLength(did.length);
    await chain.ask('anvil_setCode', [address, code]);
  });
});

describe.skipIf(anvilPath === undefined)('a deployment that is cut short (needs anvil)', () => {
  let chain: DevChain;
  beforeEach(async () => {
    chain = await devChain();
  });
  afterEach(() => chain.end());

  it('goes on where it stopped, wherever that was, to the same addresses', async () => {
    const { port, deployment } = await localDeployment(chain);
    const transactions = deployment.contracts.length + 3;
    for (let sent = 0; sent < transactions; sent += 4) {
      await expect(carryOut(deployment, dyingAfter(port, 4), quiet)).rejects.toThrow('killed');
      if (sent + 8 > transactions) break;
    }
    const did = await carryOut(deployment, port, quiet);
    expect(did.filter(({ done }) => done === 'there already').length).toBeGreaterThan(deployment.contracts.length - 4);
    expect(did.at(-1)?.done).toBe('called');
  });

  it('is not begun on another chain, without the deterministic deployer, or with too little ether', async () => {
    const { port, deployment } = await localDeployment(chain);
    const elsewhere = { ...port, chainId: async () => 8_453 };
    await expect(carryOut(deployment, elsewhere, quiet)).rejects.toMatchObject({ code: 'DEPLOY_REFUSED', message: /is of chain 8453/ });
    const code = await chain.ask<Hex>('eth_getCode', [CREATE2_DEPLOYER, 'latest']);
    await chain.ask('anvil_setCode', [CREATE2_DEPLOYER, '0x']);
    await expect(carryOut(deployment, port, quiet)).rejects.toMatchObject({ message: /lacks the deterministic deployer/ });
    await chain.ask('anvil_setCode', [CREATE2_DEPLOYER, code]);
    await chain.ask('anvil_setBalance', [account.address, '0x1']);
    await expect(carryOut(deployment, port, quiet)).rejects.toMatchObject({ code: 'DEPLOY_FAILED', message: /too little ether|refuse/ });
  });
});

describe.skipIf(anvilPath === undefined)('a deployment off the local chains (needs anvil)', () => {
  const network = NETWORKS['base-sepolia'];
  const deployer = privateKeyToAccount(keccak256(stringToHex('a deployer for tests only')));
  let chain: DevChain;
  let deployment: Deployment;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tally-deploy-'));
    chain = await devChain(network.chainIds[0]);
    await chain.ask('anvil_setBalance', [deployer.address, '0x8ac7230489e80000']);
    await chain.ask('anvil_setCode', [network.asset, SIX]);
    const order = { ...PARTIES, network: network.name };
    const rehearsal = await viemPort(chain.url, deployer, 1, 20);
    deployment = build(readOrder(order, await rehearsal.time()), deployer.address);
    await carryOut(deployment, rehearsal, quiet);
  });
  afterAll(async () => {
    await chain.end();
    rmSync(folder, { recursive: true });
  });

  const manager = (functionName: 'hasRole', role: bigint, holder: Address) =>
    read(chain).readContract({
      address: deployment.authority.address,
      abi: artifacts.AccessManager.abi,
      functionName,
      args: [role, holder],
    });

  it('leaves the deployer with nothing', async () => {
    for (const role of [0n, ...Object.values(ROLES).map(({ id }) => id)]) {
      expect(await manager('hasRole', role, deployer.address)).toEqual([false, 0]);
    }
    const pause = { address: at(deployment.addresses, 'ParamGovernor'), abi: artifacts.ParamGovernor.abi, functionName: 'pause' } as const;
    await expect(read(chain).simulateContract({ ...pause, account: deployer.address })).rejects.toThrow('AccessManagedUnauthorized');
    const more = { address: deployment.registry.address, abi: artifacts.ChainRegistry.abi, functionName: 'deploy' } as const;
    const args = [nameOf('Another'), 1, artifacts.BlsScheme.bytecode] as const;
    await expect(read(chain).simulateContract({ ...more, args, account: deployer.address })).rejects.toThrow('AccessManagedUnauthorized');
  });

  it('gives each role to its holder, with its delay, under the governor', async () => {
    const { order, authority } = deployment;
    for (const role of Object.keys(ROLES) as Role[]) {
      const { id, delay_s } = ROLES[role];
      expect(await manager('hasRole', id, order.holders[role]), role).toEqual([true, delay_s]);
      const admin = { address: authority.address, abi: artifacts.AccessManager.abi, functionName: 'getRoleAdmin', args: [id] } as const;
      expect(await read(chain).readContract(admin)).toBe(ROLES.GOVERNOR.id);
    }
    expect(await manager('hasRole', ROLES.GUARDIAN.id, order.holders.GOVERNOR)).toEqual([false, 0]);
  });

  it('asks for the role that the table says, on each guarded function', async () => {
    const abi = artifacts.AccessManager.abi;
    const wired = functionRoles(deployment);
    expect(wired.length).toBeGreaterThan(20);
    for (const { contract, target, selector, role } of wired) {
      const asked = {
        address: deployment.authority.address,
        abi,
        functionName: 'getTargetFunctionRole',
        args: [target, selector],
      } as const;
      expect(await read(chain).readContract(asked), `${contract} ${selector}`).toBe(ROLES[role].id);
    }
  });

  it('lets the guardian act at once, and the governor only after its delay', async () => {
    const governor = { address: at(deployment.addresses, 'ParamGovernor'), abi: artifacts.ParamGovernor.abi } as const;
    await read(chain).simulateContract({ ...governor, functionName: 'pause', account: PARTIES.guardian });
    const [{ key = '0x', value = 0n } = {}] = DEFAULT_SETTINGS;
    const propose = { ...governor, functionName: 'propose', args: [key, value], account: PARTIES.governor } as const;
    await expect(read(chain).simulateContract(propose)).rejects.toThrow(/AccessManagerNotScheduled|0x60a299b0/);
    const authority = { address: deployment.authority.address, abi: artifacts.AccessManager.abi, functionName: 'canCall' } as const;
    const can = await read(chain).readContract({
      ...authority,
      args: [PARTIES.governor, governor.address, toFunctionSelector('propose(bytes32,uint256)')],
    });
    expect(can).toEqual([false, ROLES.GOVERNOR.delay_s]);
  });

  it('is refused where somebody else was made an admin on the way, and writes no record', async () => {
    const thief = named('thief');
    const stolen = privateKeyToAccount(keccak256(stringToHex('a deployer whose key somebody has')));
    await chain.ask('anvil_setBalance', [stolen.address, '0x8ac7230489e80000']);
    const own = await viemPort(chain.url, stolen, 1, 20);
    const order = { ...PARTIES, network: network.name };
    const other = build(readOrder(order, await own.time()), stolen.address);
    await expect(carryOut(other, dyingAfter(own, 3), quiet)).rejects.toThrow('killed');
    const grant = encodeFunctionData({ abi: artifacts.AccessManager.abi, functionName: 'grantRole', args: [0n, thief, 0] });
    await own.send(other.authority.address, grant, 500_000n);
    const file = join(folder, 'of-a-thief.json');
    const refused = { code: 'DEPLOY_REFUSED', message: expect.stringContaining(`${thief} holds the authority’s ADMIN role`) };
    await expect(deployRecorded(other, own, file)).rejects.toMatchObject(refused);
    // Nor is it taken for done the next time.
    await expect(deployRecorded(other, own, file)).rejects.toMatchObject(refused);
    expect(readRecord(file)).toBeNull();
  });

  it('has no test asset, and mints credits against the chain’s own', async () => {
    expect(Object.keys(deployment.addresses)).not.toContain('TestAsset');
    const asset = { address: at(deployment.addresses, 'CreditToken'), abi: artifacts.CreditToken.abi, functionName: 'asset' } as const;
    expect(await read(chain).readContract(asset)).toBe(network.asset);
  });

  it('is the same by the command’s own way: it finds all of it, and writes the record', async () => {
    const key = { text: keccak256(stringToHex('a deployer for tests only')) };
    const fileOf = (id: number) => join(folder, `deployment-${id}.json`);
    const view = await deployOrder({ ...PARTIES, network: network.name }, key, chain.url, fileOf);
    expect(view.steps.map(({ done }) => done)).toEqual(view.steps.map(() => 'there already'));
    expect(readRecord(fileOf(84_532))).toMatchObject({ chain_id: 84_532, registry: deployment.registry.address, asset: network.asset });
  });

  it('is refused with other holders than the chain has, and writes no record of them', async () => {
    const key = { text: keccak256(stringToHex('a deployer for tests only')) };
    const file = join(folder, 'of-others.json');
    const order = { ...PARTIES, governor: named('another governor'), network: network.name };
    const refused = { code: 'DEPLOY_REFUSED', message: expect.stringContaining('does not hold GOVERNOR') };
    await expect(deployOrder(order, key, chain.url, () => file)).rejects.toMatchObject(refused);
    expect(readRecord(file)).toBeNull();
  });
});

describe.skipIf(anvilPath === undefined)('a rehearsal with the ids of Base (needs anvil)', () => {
  it.each(['base', 'base-sepolia'] as const)('%s: the same addresses, and gas within the estimate', async (name) => {
    const chain = await devChain(NETWORKS[name].chainIds[0]);
    try {
      const deployer = named('whoever deploys');
      const prepare = async (who: Address, asset: Address | null) => {
        await chain.ask('anvil_impersonateAccount', [who]);
        await chain.ask('anvil_setBalance', [who, '0x8ac7230489e80000']);
        await chain.ask('anvil_setCode', [asset, SIX]);
      };
      const view = await rehearse({ ...PARTIES, network: name, deployer }, {}, { rpc: chain.url, prepare });
      expect(view.chain_id).toBe(NETWORKS[name].chainIds[0]);
      expect(view.steps.every(({ gas }) => gas > 0 && gas < 16_777_216)).toBe(true);
      const other = build(readOrder({ ...PARTIES, network: name === 'base' ? 'base-sepolia' : 'base' }, 1_800_000_000n), deployer);
      expect(view.steps.slice(0, -1).map(({ address }) => address)).toEqual(
        [other.authority, other.registry, ...other.contracts].map(({ address }) => address),
      );
    } finally {
      await chain.end();
    }
  });
});
