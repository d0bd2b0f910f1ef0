/** `deployment.json`: where everything is, for whoever talks to the contracts. */
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { ROLES, type Role } from '@tallystick/contracts/roles';
import { TallyError } from '@tallystick/core';
import { z } from 'zod';
import { writeDurable } from '#ground/files';
import { refuseOtherAdmins } from './admins.ts';
import { type Deployment, delayOf } from './build.ts';
import type { DeployPort } from './port.ts';
import { carryOut, type Did } from './run.ts';

const address = z.string().regex(/^0x[0-9a-fA-F]{40}$/);

export const deploymentSchema = z.object({
  format: z.literal('tallystick-deployment/1'),
  network: z.string(),
  chain_id: z.int().positive(),
  /** Events of the contracts begin here, or later. */
  from_block: z.int().nonnegative(),
  deployer: address,
  authority: address,
  registry: address,
  asset: address,
  contracts: z.record(z.string(), z.object({ address, version: z.int().positive() })),
  roles: z.record(z.string(), z.object({ holder: address, delay_s: z.int().nonnegative() })),
});

export type DeploymentRecord = z.output<typeof deploymentSchema>;

/** What is on disk before the first transaction, and until the record is: a run that goes on with another one's work does not see where it began. */
const begunSchema = deploymentSchema
  .pick({ chain_id: true, registry: true, from_block: true })
  .extend({ format: z.literal('tallystick-deployment-begun/1') });

/** A reorganisation may put the first transaction into a block below the head of its time. */
const BLOCKS_ORPHANED_MAX = 12n;

/** @returns null where there is none that can be read. */
export function readRecord(file: string): DeploymentRecord | null {
  return read(file, deploymentSchema);
}

function read<T>(file: string, schema: z.ZodType<T>): T | null {
  try {
    return schema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return null;
  }
}

/**
 * Carries a deployment out and writes its record. Where its events begin is known however often it was cut short. There is no record
 * where somebody can still change who may call what.
 * @param fresh the chain is a new one: what is on disk is of another, and not believed.
 * @throws DEPLOY_FAILED, DEPLOY_REFUSED
 */
export async function deployRecorded(
  deployment: Deployment,
  port: DeployPort,
  file: string,
  fresh = false,
): Promise<{ readonly record: DeploymentRecord; readonly did: readonly Did[] }> {
  const chainId = await port.chainId();
  const begunFile = `${file}.begun`;
  const registry = deployment.registry.address;
  const known = fresh ? [] : [readRecord(file), read(begunFile, begunSchema)];
  const blocks = known.flatMap((each) => (each?.registry === registry && each.chain_id === chainId ? [each.from_block] : []));
  const begin = async () => {
    blocks.push(await beginning(deployment, port, blocks));
    const begun: z.output<typeof begunSchema> = {
      format: 'tallystick-deployment-begun/1',
      chain_id: chainId,
      registry,
      from_block: Math.min(...blocks),
    };
    await writeBegun(begunFile, begun);
  };
  const did = await carryOut(deployment, port, begin);
  blocks.push(...did.flatMap(({ block }) => (block === null ? [] : [Number(block)])));
  await refuseOtherAdmins(deployment, port, Math.min(...blocks));
  const record = recordOf(deployment, chainId, Math.min(...blocks));
  await writeDurable(file, `${JSON.stringify(record, null, 2)}\n`);
  await rm(begunFile, { force: true });
  return { record, did };
}

/** @param known where it began, by what is on disk. A block too low costs time, one too high costs events. */
async function beginning({ authority }: Deployment, port: DeployPort, known: readonly number[]): Promise<number> {
  const head = await port.head();
  // In this order: where the first contract is not there yet, nothing of it is below that head.
  if ((await port.code(authority.address)) === '0x') return Number(head > BLOCKS_ORPHANED_MAX ? head - BLOCKS_ORPHANED_MAX : 0n);
  // Begun from elsewhere: from the chain's first block on is slow, and right.
  return known.length === 0 ? 0 : Math.min(...known);
}

async function writeBegun(file: string, begun: object): Promise<void> {
  try {
    await writeDurable(file, `${JSON.stringify(begun)}\n`);
  } catch (cause) {
    throw new TallyError(
      'DEPLOY_REFUSED',
      'The record of the deployment cannot be written where it should be. Nothing was sent.',
      {},
      { cause },
    );
  }
}

function recordOf(deployment: Deployment, chainId: number, fromBlock: number): DeploymentRecord {
  const { order, addresses, authority, registry } = deployment;
  const local = order.network.asset === null;
  const roles = Object.keys(ROLES) as Role[];
  return {
    format: 'tallystick-deployment/1',
    network: order.network.name,
    chain_id: chainId,
    from_block: fromBlock,
    deployer: deployment.deployer,
    authority: authority.address,
    registry: registry.address,
    asset: order.network.asset ?? addresses['TestAsset'] ?? '',
    contracts: Object.fromEntries(Object.entries(addresses).map(([name, at]) => [name, { address: at, version: 1 }])),
    roles: Object.fromEntries(roles.map((role) => [role, { holder: order.holders[role], delay_s: delayOf(role, local) }])),
  };
}
