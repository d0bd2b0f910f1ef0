/** A deployment that somebody ordered, on a chain that somebody else runs. */
import { TallyError } from '@tallystick/core';
import { type Address, getAddress, isAddress } from 'viem';
import { build, type Deployment } from './build.ts';
import { FEE_MAX } from './fees.ts';
import { type DeployInput, networkOf, readOrder } from './inputs.ts';
import { type KeyInput, readDeployer } from './key.ts';
import { isDevAddress, type Network } from './networks.ts';
import { viemPort } from './port.ts';
import { deployRecorded } from './record.ts';
import { carryOut, type Did } from './run.ts';
import { type DeployView, viewOf } from './view.ts';

const POLL_MS = 1_000;
const DRY_POLL_MS = 20;

export type OrderInput = DeployInput & {
  /** Who would deploy, where no key is at hand. */
  readonly deployer?: string | undefined;
};

/** What would be done, with estimates: nothing is asked of any chain. @param now Unix seconds. */
export function planOf(input: OrderInput, key: KeyInput, now: bigint): DeployView {
  const network = networkOf(input.network);
  const deployment = build(readOrder(input, now), deployerOf(input, key, network));
  return viewOf(deployment, network.chainIds[0] ?? 0, null);
}

/**
 * Carries it out on the chain behind `rpc`, and writes where everything is.
 * @param feeMax wei per gas that is never passed.
 * @returns with what was paid, in wei.
 * @throws DEPLOY_REFUSED, DEPLOY_FAILED, DEPLOY_KEY_INVALID, INPUT_INVALID
 */
export async function deployOrder(
  input: OrderInput,
  key: KeyInput,
  rpc: string,
  fileOf: (chainId: number) => string,
  feeMax: bigint = FEE_MAX,
): Promise<DeployView & { readonly file: string; readonly fee_wei: string }> {
  const network = networkOf(input.network);
  const account = readDeployer(key, network);
  const port = await viemPort(rpc, account, network.confirmations, network.asset === null ? DRY_POLL_MS : POLL_MS, feeMax);
  const deployment = build(readOrder(input, await port.time()), account.address);
  const chainId = await port.chainId();
  const file = fileOf(chainId);
  const { did } = await deployRecorded(deployment, port, file);
  const paid = did.reduce((sum, { fee }) => sum + fee, 0n);
  return { ...viewOf(deployment, chainId, did), file, fee_wei: String(paid) };
}

/** Carries it out on a development node with the network's chain id, which signs for anybody: the same steps, and their true gas. */
export async function rehearse(input: OrderInput, key: KeyInput, node: Rehearsal): Promise<DeployView> {
  const network = networkOf(input.network);
  const deployer = deployerOf(input, key, network);
  await node.prepare(deployer, network.asset);
  const port = await viemPort(node.rpc, deployer, 1, DRY_POLL_MS);
  const deployment: Deployment = build(readOrder(input, await port.time()), deployer);
  const did: readonly Did[] = await carryOut(deployment, port, async () => {});
  return viewOf(deployment, await port.chainId(), did);
}

export type Rehearsal = {
  readonly rpc: string;
  /** Ether for the deployer, and something with 6 decimals where the asset is. */
  prepare(deployer: Address, asset: Address | null): Promise<void>;
};

function deployerOf(input: OrderInput, key: KeyInput, network: Network): Address {
  if (input.deployer === undefined) return readDeployer(key, network).address;
  if (!isAddress(input.deployer)) throw new TallyError('INPUT_INVALID', '--deployer is no address, or its checksum is wrong.');
  if (network.asset !== null && isDevAddress(input.deployer)) {
    throw new TallyError('DEPLOY_REFUSED', '--deployer is an account of the development phrase: everybody has its key.');
  }
  return getAddress(input.deployer);
}
