/** What the acts of the story stand on: a chain, its contracts by name, accounts by name, and a table of who has what. */
import { setTimeout as sleep } from 'node:timers/promises';
import * as artifacts from '@tallystick/contracts';
import {
  type Abi,
  type Address,
  BaseError,
  ContractFunctionRevertedError,
  createPublicClient,
  createTestClient,
  createWalletClient,
  decodeErrorResult,
  type Hex,
  http,
  type Log,
  type PublicClient,
  parseEther,
  parseEventLogs,
  type TestClient,
  type TransactionReceipt,
} from 'viem';
import { type HDAccount, mnemonicToAccount } from 'viem/accounts';

/** Anvil's own accounts. They are known to everybody, which is right for a chain of tests and for nothing else. */
const MNEMONIC = 'test test test test test test test test test test test junk';

/** Who plays, and the account's place. The first ten deployed the contracts and hold the roles; which, the deployment's record says. */
const CAST = {
  tenant: 10,
  provider: 11,
  buyer: 12,
  watcher: 13,
  oracle1: 14,
  oracle2: 15,
  oracle3: 16,
  oracle4: 17,
  oracle5: 18,
} as const;
const ROLE_OF = { governor: 'GOVERNOR', arbiter: 'ARBITER', proposer: 'PROPOSER' } as const;
export type Who = keyof typeof CAST | keyof typeof ROLE_OF;
export const ORACLES = ['oracle1', 'oracle2', 'oracle3', 'oracle4', 'oracle5'] as const satisfies readonly Who[];

/** What the story needs of `deployment.json`. */
export type DeploymentRecord = {
  readonly chain_id: number;
  readonly registry: Address;
  readonly contracts: Readonly<Record<string, { readonly address: Address }>>;
  readonly roles: Readonly<Record<string, { readonly holder: Address }>>;
};

export type ContractName = keyof typeof ABIS;

const ABIS = {
  AccessManager: artifacts.accessManagerAbi,
  ChainRegistry: artifacts.chainRegistryAbi,
  AITokenMinter: artifacts.aiTokenMinterAbi,
  AIToken: artifacts.aiTokenAbi,
  CreditToken: artifacts.creditTokenAbi,
  CreditVault: artifacts.creditVaultAbi,
  MigrationClaims: artifacts.migrationClaimsAbi,
  MigrationManifest: artifacts.migrationManifestAbi,
  OracleFaults: artifacts.oracleFaultsAbi,
  ParamGovernor: artifacts.paramGovernorAbi,
  PaymentEscrow: artifacts.paymentEscrowAbi,
  ProviderRegistry: artifacts.providerRegistryAbi,
  QuorumVerifier: artifacts.quorumVerifierAbi,
  ReceiptFaults: artifacts.receiptFaultsAbi,
  SessionChannels: artifacts.sessionChannelsAbi,
  SettlementTreasury: artifacts.settlementTreasuryAbi,
  StakeManager: artifacts.stakeManagerAbi,
  TestAsset: artifacts.testAssetAbi,
  UsageReceipts: artifacts.usageReceiptsAbi,
} as const;

export type Sent = TransactionReceipt & {
  readonly events: readonly { readonly eventName: string; readonly args: Record<string, unknown> }[];
};

export class Stage {
  readonly chainId: number;
  readonly client: PublicClient;
  readonly #test: TestClient;
  readonly #rpc: string;
  readonly #record: DeploymentRecord;
  readonly #addresses: Map<string, Address>;

  constructor(rpc: string, record: DeploymentRecord) {
    this.#rpc = rpc;
    this.#record = record;
    this.chainId = record.chain_id;
    this.#addresses = new Map(Object.entries(record.contracts).map(([name, { address }]) => [name, address]));
    this.know('ChainRegistry', record.registry);
    this.client = createPublicClient({ transport: http(rpc), pollingInterval: 50 });
    this.#test = createTestClient({ mode: 'anvil', transport: http(rpc) });
  }

  account(who: Who): HDAccount {
    if (who in CAST) return mnemonicToAccount(MNEMONIC, { addressIndex: CAST[who as keyof typeof CAST] });
    const role = ROLE_OF[who as keyof typeof ROLE_OF];
    const holder = this.#record.roles[role]?.holder.toLowerCase();
    for (let addressIndex = 0; addressIndex < 10; addressIndex++) {
      const account = mnemonicToAccount(MNEMONIC, { addressIndex });
      if (account.address.toLowerCase() === holder) return account;
    }
    throw new Error(`No account of this chain holds the role ${role}.`);
  }

  address(name: string): Address {
    const found = this.#addresses.get(name);
    if (found === undefined) throw new Error(`${name} is not deployed on chain ${this.chainId}.`);
    return found;
  }

  /** Contracts that were deployed after the others. */
  know(name: ContractName, address: Address): void {
    this.#addresses.set(name, address);
  }

  async read<T>(name: ContractName, functionName: string, args: readonly unknown[] = []): Promise<T> {
    const abi = ABIS[name] as Abi;
    return (await this.client.readContract({ abi, address: this.address(name), functionName, args })) as T;
  }

  /** Sends, waits until it is mined, and gives its events. @throws where it reverts. */
  async send(who: Who, name: ContractName, functionName: string, args: readonly unknown[], value = 0n): Promise<Sent> {
    const abi = ABIS[name] as Abi;
    const account = this.account(who);
    const { request } = await this.client.simulateContract({ account, abi, address: this.address(name), functionName, args, value });
    const wallet = createWalletClient({ account, transport: http(this.#rpc) });
    const hash = await wallet.writeContract({ ...request, chain: null } as Parameters<typeof wallet.writeContract>[0]);
    const receipt = await this.client.waitForTransactionReceipt({ hash });
    if (receipt.status !== 'success') throw new Error(`${name}.${functionName} was reverted.`);
    return { ...receipt, events: decoded(receipt.logs) };
  }

  /** Deploys a contract that no registry knows. */
  async create(who: Who, { abi, bytecode }: { abi: readonly unknown[]; bytecode: Hex }, args: readonly unknown[]): Promise<Address> {
    const wallet = createWalletClient({ account: this.account(who), transport: http(this.#rpc) });
    const hash = await wallet.deployContract({ abi: abi as Abi, bytecode, args, chain: null });
    const { contractAddress } = await this.client.waitForTransactionReceipt({ hash });
    if (contractAddress === null || contractAddress === undefined) throw new Error('There is no contract.');
    return contractAddress;
  }

  /** @returns the name of the error that the contract refuses with. @throws where it does not refuse. */
  async refused(who: Who, name: ContractName, functionName: string, args: readonly unknown[], value = 0n): Promise<string> {
    const abi = ABIS[name] as Abi;
    try {
      await this.client.simulateContract({ account: this.account(who), abi, address: this.address(name), functionName, args, value });
    } catch (error) {
      const cause = error instanceof BaseError ? error.walk((each) => each instanceof ContractFunctionRevertedError) : null;
      if (cause instanceof ContractFunctionRevertedError) return errorName(cause.raw);
      throw error;
    }
    throw new Error(`${name}.${functionName} should have been refused.`);
  }

  /** Ether out of nothing for everybody who plays, which only a chain of tests gives. */
  async endow(): Promise<void> {
    for (const who of Object.keys(CAST) as Who[])
      await this.#test.setBalance({ address: this.account(who).address, value: parseEther('100') });
  }

  /** Time passes, on a chain that lets it. */
  async travel(seconds: number): Promise<void> {
    await this.#test.increaseTime({ seconds });
    await this.#test.mine({ blocks: 1 });
  }

  async now(): Promise<bigint> {
    return (await this.client.getBlock()).timestamp;
  }

  async wei(address: Address): Promise<bigint> {
    return this.client.getBalance({ address });
  }
}

const EVERYTHING = Object.values(ABIS).flatMap((abi) => [...(abi as Abi)]);

/** One contract's refusal may be another's that it called. */
function errorName(raw: Hex | undefined): string {
  if (raw === undefined || raw === '0x') return 'a refusal without a reason';
  return decodeErrorResult({ abi: EVERYTHING, data: raw }).errorName;
}

/** Every event of every contract of ours in these logs, by its name. */
function decoded(logs: Log[]): Sent['events'] {
  return parseEventLogs({ abi: EVERYTHING, logs }) as unknown as Sent['events'];
}

/** @throws where there is no such event. */
export function eventOf(sent: Sent, name: string): Record<string, unknown> {
  const found = sent.events.find(({ eventName }) => eventName === name);
  if (found === undefined) throw new Error(`There is no event ${name}: ${sent.events.map(({ eventName }) => eventName).join(', ')}.`);
  return found.args;
}

/** Waits until `ready` is true, for a minute at most: the machine may be busy. */
export async function until(ready: () => Promise<boolean>, what: string): Promise<void> {
  for (let i = 0; i < 600; i++) {
    if (await ready()) return;
    await sleep(100);
  }
  throw new Error(`${what} did not happen within a minute.`);
}

export function bytes32(text: string): Hex {
  return `0x${Buffer.from(text, 'utf8').toString('hex').padEnd(64, '0')}`;
}
