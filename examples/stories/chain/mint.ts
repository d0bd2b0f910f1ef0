/** The act of the compute token: nothing exists before compute was served and paid for; what may be minted is bounded by the fees. */
import type { Hex } from 'viem';
import { eventOf, type Stage } from './stage.ts';
import { expect, say } from './tell.ts';

const CUMULATIVE = 1;

export async function mint(stage: Stage, providerId: Hex, epoch: bigint): Promise<void> {
  expect('tokens before anything was served', await stage.read<bigint>('AIToken', 'totalSupply'), 0n);
  await stage.send('provider', 'AITokenMinter', 'declareMode', [providerId, CUMULATIVE]);
  const fees = await stage.read<bigint>('SettlementTreasury', 'feesOf', [providerId, epoch]);
  const allowed = await stage.read<bigint>('AITokenMinter', 'allowed', [providerId, epoch]);
  say(`${fees} of fees allow ${allowed} tokens (base units)`);
  expect('the first mint by another is', await stage.refused('watcher', 'AITokenMinter', 'mintEpoch', [providerId, epoch]), 'NotProvider');
  const sent = await stage.send('provider', 'AITokenMinter', 'mintEpoch', [providerId, epoch]);
  expect('minted', eventOf(sent, 'Minted')['minted'] as bigint, allowed);
  expect('supply', await stage.read<bigint>('AIToken', 'totalSupply'), allowed);
  expect('a second time is', await stage.refused('watcher', 'AITokenMinter', 'mintEpoch', [providerId, epoch]), 'NothingToMint');
}
