import type { Hex } from '@tallystick/core';
import {
  type Abi,
  type ContractFunctionArgs,
  type ContractFunctionName,
  type ContractFunctionReturnType,
  type DecodeFunctionResultParameters,
  decodeFunctionResult,
  type EncodeFunctionDataParameters,
  encodeFunctionData,
} from 'viem';
import type { Rpc } from './node.ts';
import { NodeError } from './node-error.ts';
import { asRevert } from './revert.ts';
import { quantity, toHexBytes } from './wire-values.ts';

type View<abi extends Abi> = ContractFunctionName<abi, 'view' | 'pure'>;

/** Reads one view, typed by the ABI, at one block. @throws ChainRevert; NodeError */
export async function readView<const abi extends Abi, name extends View<abi>>(
  rpc: Rpc,
  target: { readonly address: Hex; readonly abi: abi },
  functionName: name,
  args: ContractFunctionArgs<abi, 'view' | 'pure', name>,
  block: bigint | 'latest' = 'latest',
): Promise<ContractFunctionReturnType<abi, 'view' | 'pure', name>> {
  const { address, abi } = target;
  const data = encodeFunctionData({ abi, functionName, args } as unknown as EncodeFunctionDataParameters);
  let answer: Hex;
  try {
    const at = typeof block === 'bigint' ? quantity(block) : block;
    answer = toHexBytes(await rpc('eth_call', [{ to: address, data }, at]), 'eth_call');
  } catch (error) {
    throw asRevert(error, [abi]) ?? error;
  }
  try {
    return decodeFunctionResult({ abi, functionName, data: answer } as unknown as DecodeFunctionResultParameters) as never;
  } catch {
    // No code at the address answers with nothing: the node has another state, or the deployment is another.
    throw new NodeError('answer', 'eth_call', { words: 'no such view' });
  }
}
