/** `deployment.json`: where everything is, for whoever talks to the contracts. */
import { ROLES, type Role } from '@tallystick/contracts/roles';
import { z } from 'zod';
import { type Deployment, delayOf } from './build.ts';
import type { Did } from './run.ts';

const address = z.string().regex(/^0x[0-9a-fA-F]{40}$/);

export const deploymentSchema = z.object({
  format: z.literal('tallystick-deployment/1'),
  network: z.string(),
  chain_id: z.int().positive(),
  /** Events of the contracts begin here. */
  from_block: z.int().nonnegative(),
  deployer: address,
  authority: address,
  registry: address,
  asset: address,
  contracts: z.record(z.string(), z.object({ address, version: z.int().positive() })),
  roles: z.record(z.string(), z.object({ holder: address, delay_s: z.int().nonnegative() })),
});

export type DeploymentRecord = z.output<typeof deploymentSchema>;

/** @param before an earlier record of the same deployment: its first block stands. */
export function recordOf(deployment: Deployment, chainId: number, did: readonly Did[], before: DeploymentRecord | null): DeploymentRecord {
  const { order, addresses, authority, registry } = deployment;
  const local = order.network.asset === null;
  const blocks = did.flatMap(({ block }) => (block === null ? [] : [Number(block)]));
  const known = before?.registry === registry.address ? [before.from_block] : [];
  const roles = Object.keys(ROLES) as Role[];
  return {
    format: 'tallystick-deployment/1',
    network: order.network.name,
    chain_id: chainId,
    // Nothing was deployed now and nothing is known of before: from the first block on is slow, and right.
    from_block: [...known, ...blocks].reduce((least, block) => (block < least ? block : least), known[0] ?? blocks[0] ?? 0),
    deployer: deployment.deployer,
    authority: authority.address,
    registry: registry.address,
    asset: order.network.asset ?? addresses['TestAsset'] ?? '',
    contracts: Object.fromEntries(Object.entries(addresses).map(([name, at]) => [name, { address: at, version: 1 }])),
    roles: Object.fromEntries(roles.map((role) => [role, { holder: order.holders[role], delay_s: delayOf(role, local) }])),
  };
}
