/** Carries a deployment out. What is there already is checked and skipped, so one that was cut short goes on where it stopped. */
import { createHash } from 'node:crypto';
import { artifacts } from '@tallystick/contracts';
import { ROLES, type Role } from '@tallystick/contracts/roles';
import { TallyError } from '@tallystick/core';
import { type Address, decodeFunctionResult, encodeFunctionData, type Hex } from 'viem';
import { artifactOf, create2Salt, type Deployment, functionRoles, handOver, registryCall, type Step } from './build.ts';
import { CREATE2_DEPLOYER, create2Data } from './create3.ts';
import type { DeployPort, Sent } from './port.ts';

/** Base takes no larger transaction (EIP-7825 has the same limit). */
export const GAS_PER_TRANSACTION_MAX = 16_777_216n;

export type Did = {
  readonly name: string;
  readonly address: Address;
  readonly done: 'deployed' | 'there already' | 'called';
  readonly gas: bigint;
  /** Wei. */
  readonly fee: bigint;
  readonly block: bigint | null;
};

/** @param begin before the first step, once the chain is known to be fit for it. @throws DEPLOY_FAILED, DEPLOY_REFUSED */
export async function carryOut(deployment: Deployment, port: DeployPort, begin: () => Promise<void>): Promise<readonly Did[]> {
  await refuseUnfit(deployment, port);
  await begin();
  const done: Did[] = [];
  for (const step of [deployment.authority, deployment.registry]) {
    done.push(await deployStep(step, port, CREATE2_DEPLOYER, create2Data(create2Salt, step.initCode)));
  }
  for (const step of deployment.contracts) done.push(await deployStep(step, port, deployment.registry.address, registryCall(step)));
  done.push(await handOverStep(deployment, port));
  return done;
}

async function refuseUnfit({ order, deployer }: Deployment, port: DeployPort): Promise<void> {
  const chainId = await port.chainId();
  if (!order.network.chainIds.includes(chainId)) {
    throw new TallyError(
      'DEPLOY_REFUSED',
      `The RPC endpoint is of chain ${chainId}; ${order.network.name} is ${order.network.chainIds[0]}.`,
    );
  }
  if (port.sender.toLowerCase() !== deployer.toLowerCase()) throw new TallyError('DEPLOY_REFUSED', 'The key is not the deployer’s.');
  if ((await port.code(CREATE2_DEPLOYER)) === '0x') {
    throw new TallyError('DEPLOY_REFUSED', `The chain lacks the deterministic deployer ${CREATE2_DEPLOYER}, which every address rests on.`);
  }
  if (order.network.asset !== null && (await port.code(order.network.asset)) === '0x') {
    throw new TallyError('DEPLOY_REFUSED', `There is no contract at the asset’s address ${order.network.asset} on this chain.`);
  }
}

async function deployStep(step: Step, port: DeployPort, to: Address, data: Hex): Promise<Did> {
  const { name, address } = step;
  const there = await port.code(address);
  if (there !== '0x') {
    checkCode(name, there);
    return { name, address, done: 'there already', gas: 0n, fee: 0n, block: null };
  }
  const { gas, fee, block } = await sendBounded(port, name, to, data);
  checkCode(name, await port.code(address));
  return { name, address, done: 'deployed', gas, fee, block };
}

async function sendBounded(port: DeployPort, name: string, to: Address, data: Hex): Promise<Sent> {
  const estimated = await port.gasOf(to, data);
  if (estimated > GAS_PER_TRANSACTION_MAX) {
    throw new TallyError('DEPLOY_REFUSED', `${name} needs ${estimated} gas, more than one transaction may have.`);
  }
  const margin = (estimated * 12n) / 10n;
  return port.send(to, data, margin < GAS_PER_TRANSACTION_MAX ? margin : GAS_PER_TRANSACTION_MAX);
}

/**
 * Whether the code that stands there is ours. Immutables are left out: only the registry could deploy at this address, only the authority's
 * admin could ask it to, and its event says what was deployed.
 */
function checkCode(name: string, code: Hex): void {
  if (codeHash(name, code) === artifactOf(name).runtime.hash) return;
  throw new TallyError(
    'DEPLOY_FAILED',
    code === '0x'
      ? `${name}: there is no code where it should be.`
      : `${name}: other code than this version’s stands at its address. A new version needs a new name or number, never the same address.`,
  );
}

/** SHA-256 of the runtime code, with zeros where immutables are. */
export function codeHash(name: string, code: Hex): string {
  const bytes = Buffer.from(code.slice(2), 'hex');
  for (const [start = 0, length = 0] of artifactOf(name).runtime.immutables) bytes.fill(0, start, start + length);
  return createHash('sha256').update(bytes).digest('hex');
}

async function handOverStep(deployment: Deployment, port: DeployPort): Promise<Did> {
  const { authority } = deployment;
  const about = { name: 'roles', address: authority.address } as const;
  if (await isHandedOver(deployment, port)) {
    await refuseOtherHolders(deployment, port);
    return { ...about, done: 'there already', gas: 0n, fee: 0n, block: null };
  }
  const { gas, fee, block } = await sendBounded(port, 'The roles', authority.address, handOver(deployment));
  return { ...about, done: 'called', gas, fee, block };
}

/** The hand-over is one transaction, so one of its effects tells of all. */
async function isHandedOver(deployment: Deployment, port: DeployPort): Promise<boolean> {
  const [first] = functionRoles(deployment);
  if (first === undefined) return true;
  const { abi } = artifacts.AccessManager;
  const data = encodeFunctionData({ abi, functionName: 'getTargetFunctionRole', args: [first.target, first.selector] });
  const answer = await port.call(deployment.authority.address, data);
  return decodeFunctionResult({ abi, functionName: 'getTargetFunctionRole', data: answer }) !== 0n;
}

/** Else the record would name holders who hold nothing. Local chains are their owner's to play with. */
async function refuseOtherHolders({ order, authority }: Deployment, port: DeployPort): Promise<void> {
  if (order.network.asset === null) return;
  const { abi } = artifacts.AccessManager;
  for (const role of Object.keys(ROLES) as Role[]) {
    const { id, delay_s } = ROLES[role];
    const data = encodeFunctionData({ abi, functionName: 'hasRole', args: [id, order.holders[role]] });
    const [holds, delay] = decodeFunctionResult({ abi, functionName: 'hasRole', data: await port.call(authority.address, data) });
    if (holds && delay === delay_s) continue;
    throw new TallyError(
      'DEPLOY_REFUSED',
      `The roles are given out already, and ${order.holders[role]} does not hold ${role} as this deployment says. Nothing was changed.`,
    );
  }
}
