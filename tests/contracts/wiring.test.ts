/** Who stands where in whom, read back from a chain and held against a table of its own: the plan can be wrong, and a deployment by it would agree with it. */
import { createPublicClient, http, zeroAddress } from 'viem';
import { mnemonicToAccount } from 'viem/accounts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { artifacts } from '../../contracts/artifacts/index.ts';
import type { Deployable } from '../../contracts/deployables.ts';
import { ROLES } from '../../contracts/roles.ts';
import { build, type Deployment } from '../../packages/server/src/settle/deploy/build.ts';
import { readOrder } from '../../packages/server/src/settle/deploy/inputs.ts';
import { DEV_PHRASE, devAddress } from '../../packages/server/src/settle/deploy/networks.ts';
import type { ContractName } from '../../packages/server/src/settle/deploy/plan.ts';
import { viemPort } from '../../packages/server/src/settle/deploy/port.ts';
import { carryOut } from '../../packages/server/src/settle/deploy/run.ts';
import { anvilPath, type DevChain, devChain } from '../support/dev-chain.ts';

type Holder = ContractName | 'AccessManager' | 'nobody' | 'reserve' | 'protocol' | 'slashed';

/** Every view without arguments that answers an address, by the contract that is to stand there. */
const WIRING: Readonly<Record<ContractName, Readonly<Record<string, Holder>>>> = {
  TestAsset: {},
  ParamGovernor: { authority: 'AccessManager' },
  CreditToken: { asset: 'TestAsset', authority: 'AccessManager', governor: 'ParamGovernor' },
  CreditVault: { channels: 'SessionChannels', credits: 'CreditToken', treasury: 'SettlementTreasury' },
  SessionChannels: { governor: 'ParamGovernor', registry: 'ProviderRegistry', vault: 'CreditVault' },
  SettlementTreasury: { authority: 'AccessManager', registry: 'ProviderRegistry', vault: 'CreditVault', verifier: 'QuorumVerifier' },
  ProviderRegistry: { GOVERNOR: 'ParamGovernor', STAKES: 'StakeManager', authority: 'AccessManager' },
  CapabilityAuthority: { authority: 'AccessManager' },
  StakeManager: {
    authority: 'AccessManager',
    beneficiary: 'slashed',
    governor: 'ParamGovernor',
    oracleFaults: 'OracleFaults',
    providers: 'ProviderRegistry',
    receiptFaults: 'ReceiptFaults',
  },
  PaymentEscrow: { authority: 'AccessManager', beneficiary: 'slashed', governor: 'ParamGovernor' },
  BlsScheme: {},
  EcdsaScheme: {},
  QuorumVerifier: { GOVERNOR: 'ParamGovernor', STAKES: 'StakeManager', authority: 'AccessManager' },
  UsageReceipts: { governor: 'ParamGovernor', prover: 'ReceiptFaults', quorum: 'QuorumVerifier', registry: 'ProviderRegistry' },
  ReceiptFaults: { receipts: 'UsageReceipts', stakes: 'StakeManager' },
  OracleFaults: { faults: 'ReceiptFaults', quorum: 'QuorumVerifier', receipts: 'UsageReceipts', stakes: 'StakeManager' },
  AIToken: { minter: 'AITokenMinter' },
  AITokenMinter: {
    governor: 'ParamGovernor',
    receipts: 'UsageReceipts',
    registry: 'ProviderRegistry',
    token: 'AIToken',
    treasury: 'SettlementTreasury',
  },
  OrderSettlement: { authority: 'AccessManager', feeRecipient: 'nobody', governor: 'ParamGovernor' },
};

/** As the ABI has them, so that a new one cannot be forgotten above. */
function addressViews(name: Deployable): string[] {
  return artifacts[name].abi.flatMap((item) => {
    if (item.type !== 'function' || item.stateMutability !== 'view' || item.inputs.length > 0) return [];
    return item.outputs.length === 1 && item.outputs[0]?.type === 'address' ? [item.name] : [];
  });
}

describe.skipIf(anvilPath === undefined)('after a deployment (needs anvil)', () => {
  let chain: DevChain;
  let deployment: Deployment;
  beforeAll(async () => {
    chain = await devChain();
    const account = mnemonicToAccount(DEV_PHRASE);
    const port = await viemPort(chain.url, account, 1, 20);
    deployment = build(readOrder({ network: 'local' }, await port.time()), account.address);
    await carryOut(deployment, port, async () => {});
  });
  afterAll(() => chain.end());

  const addressOf = (holder: Holder) => {
    const others = { nobody: zeroAddress, reserve: devAddress(5), protocol: devAddress(6), slashed: devAddress(7) };
    if (holder === 'AccessManager') return deployment.authority.address;
    return holder in others ? others[holder as keyof typeof others] : deployment.addresses[holder as ContractName];
  };
  const ask = (name: ContractName, functionName: string, args: readonly unknown[] = []) =>
    createPublicClient({ transport: http(chain.url) }).readContract({
      address: addressOf(name) as `0x${string}`,
      abi: artifacts[name].abi as readonly unknown[],
      functionName,
      args,
    });

  it.each(Object.entries(WIRING))('%s knows whom it should', async (name, views) => {
    expect(addressViews(name as ContractName).sort()).toEqual(Object.keys(views).sort());
    for (const [view, holder] of Object.entries(views)) expect(await ask(name as ContractName, view), view).toBe(addressOf(holder));
  });

  it('pays the shares to whom they are for', async () => {
    for (const beneficiary of ['RESERVE', 'PROTOCOL']) {
      const id = await ask('SettlementTreasury', beneficiary);
      const expected = addressOf(beneficiary === 'RESERVE' ? 'reserve' : 'protocol');
      expect(await ask('SettlementTreasury', 'payoutOf', [id]), beneficiary).toBe(expected);
    }
  });
});

it('each role waits as long as it should', () => {
  const delays = Object.fromEntries(Object.entries(ROLES).map(([role, { delay_s }]) => [role, delay_s]));
  expect(delays).toEqual({ GOVERNOR: 172_800, GUARDIAN: 0, ARBITER: 0, REGISTRAR: 0, PROPOSER: 0 });
});
