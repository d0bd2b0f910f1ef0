/** Nobody may hold the authority's own role once a deployment is done: who was ever given it is read from the chain, and asked for. */
import { artifacts } from '@tallystick/contracts';
import { TallyError } from '@tallystick/core';
import { type Address, decodeFunctionResult, encodeFunctionData, type PublicClient } from 'viem';
import type { Deployment } from './build.ts';
import type { DeployPort } from './port.ts';

const ADMIN = 0n;
const REQUESTS_MAX = 2_000;
const { abi } = artifacts.AccessManager;

/**
 * The deployer is the authority's admin until it hands over, and so could have made others, or whoever has its key: those would stay.
 * @param from a block at or before the authority's first. @throws DEPLOY_REFUSED, DEPLOY_FAILED
 */
export async function refuseOtherAdmins({ order, authority }: Deployment, port: DeployPort, from: number): Promise<void> {
  // On a local chain the deployer keeps it.
  if (order.network.asset === null) return;
  for (const account of await port.everAdmins(authority.address, BigInt(from))) {
    const data = encodeFunctionData({ abi, functionName: 'hasRole', args: [ADMIN, account] });
    const [holds] = decodeFunctionResult({ abi, functionName: 'hasRole', data: await port.call(authority.address, data) });
    if (!holds) continue;
    throw new TallyError(
      'DEPLOY_REFUSED',
      `${account} holds the authority’s ADMIN role, which nobody may hold: it can change who may call what. Somebody else has the deployer’s key. Use none of these contracts; deploy with another key.`,
    );
  }
}

/** @returns whoever was given the role since `from`, in as many requests as the node makes of it. */
export async function everAdmins(reader: PublicClient, authority: Address, from: bigint): Promise<readonly Address[]> {
  const to = await reader.getBlockNumber({ cacheTime: 0 });
  const found = new Set<Address>();
  let span = to - from + 1n;
  let requests = 0;
  for (let at = from; at <= to; ) {
    const end = at + span - 1n < to ? at + span - 1n : to;
    requests += 1;
    if (requests > REQUESTS_MAX)
      throw new TallyError('DEPLOY_FAILED', 'Who holds the ADMIN role takes the endpoint too long to tell: name another one.');
    try {
      const about = { address: authority, abi, eventName: 'RoleGranted', args: { roleId: ADMIN } } as const;
      const events = await reader.getContractEvents({ ...about, fromBlock: at, toBlock: end, strict: true });
      for (const { args } of events) found.add(args.account);
      at = end + 1n;
    } catch (cause) {
      if (span <= 1n) throw cause;
      span /= 2n;
    }
  }
  return [...found];
}
