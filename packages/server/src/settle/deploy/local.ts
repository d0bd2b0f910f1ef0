/** Deployment on the embedded chain: everybody's development accounts, a test asset, no delays. */
import { readFileSync } from 'node:fs';
import { mnemonicToAccount } from 'viem/accounts';
import { writeDurable } from '#ground/files';
import { build } from './build.ts';
import { readOrder } from './inputs.ts';
import { DEV_PHRASE } from './networks.ts';
import { viemPort } from './port.ts';
import { type DeploymentRecord, deploymentSchema, recordOf } from './record.ts';
import { carryOut } from './run.ts';

const POLL_MS = 20;

/** @param fresh the chain is a new one: an earlier record of another is not believed. @returns the record, and how many steps were sent. */
export async function deployLocal(rpc: string, file: string, fresh: boolean): Promise<{ record: DeploymentRecord; took: number }> {
  const account = mnemonicToAccount(DEV_PHRASE);
  const port = await viemPort(rpc, account, 1, POLL_MS);
  const deployment = build(readOrder({ network: 'local' }, await port.time()), account.address);
  const did = await carryOut(deployment, port, () => {});
  const record = recordOf(deployment, await port.chainId(), did, fresh ? null : readRecord(file));
  await writeDurable(file, `${JSON.stringify(record, null, 2)}\n`);
  return { record, took: did.filter(({ done }) => done !== 'there already').length };
}

/** @returns null where there is none that can be read. */
export function readRecord(file: string): DeploymentRecord | null {
  try {
    return deploymentSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return null;
  }
}
