import type { Hex } from '@tallystick/core';
import type { Abi } from 'viem';
import type { IntentState } from './intents.ts';
import type { Nodes } from './nodes.ts';
import { asRevert } from './revert.ts';
import { quantity } from './wire-values.ts';

/**
 * Why a mined transaction reverted, by doing it again on the block before. What stood before it in its own block is not there then, so this is
 * a hint and no proof. @returns name of the error; null where it cannot be found out.
 */
export async function revertReason(
  nodes: Nodes,
  from: Hex,
  { intent: { to, data, value }, gas }: IntentState,
  block: bigint,
  abis: readonly Abi[],
): Promise<string | null> {
  try {
    const call = { from, to, data, value: quantity(value), gas: quantity(gas) };
    await nodes.use((rpc) => rpc('eth_call', [call, quantity(block > 0n ? block - 1n : 0n)]));
    return null;
  } catch (error) {
    return asRevert(error, abis)?.errorName ?? null;
  }
}
