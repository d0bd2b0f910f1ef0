/** Deployment on the embedded chain: everybody's development accounts, a test asset, no delays. */
import { mnemonicToAccount } from 'viem/accounts';
import { build } from './build.ts';
import { readOrder } from './inputs.ts';
import { DEV_PHRASE } from './networks.ts';
import { viemPort } from './port.ts';
import { type DeploymentRecord, deployRecorded } from './record.ts';

const POLL_MS = 20;

/** @param fresh the chain is a new one: an earlier record of another is not believed. @returns the record, and how many steps were sent. */
export async function deployLocal(rpc: string, file: string, fresh: boolean): Promise<{ record: DeploymentRecord; took: number }> {
  const account = mnemonicToAccount(DEV_PHRASE);
  const port = await viemPort(rpc, account, 1, POLL_MS);
  const deployment = build(readOrder({ network: 'local' }, await port.time()), account.address);
  const { record, did } = await deployRecorded(deployment, port, file, fresh);
  return { record, took: did.filter(({ done }) => done !== 'there already').length };
}
