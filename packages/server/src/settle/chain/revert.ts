import { type Hex, TallyError } from '@tallystick/core';
import { type Abi, decodeErrorResult } from 'viem';
import { plain } from './contracts.ts';
import { NodeError } from './node-error.ts';

/** A contract refused: its own error, by name and arguments. */
export class ChainRevert extends TallyError {
  /** Name of the contract's error; `Error` or `Panic` for Solidity's own, `Unknown` where no ABI knows it. */
  readonly errorName: string;
  /** Whole numbers are bigints, bytes and addresses lower-case hex. */
  readonly args: readonly unknown[];
  readonly data: Hex;

  constructor(errorName: string, args: readonly unknown[], data: Hex) {
    super('CHAIN_REVERTED', `The contract refused: ${errorName}.`, { error: errorName, selector: data.slice(0, 10) });
    this.errorName = errorName;
    this.args = args;
    this.data = data;
  }
}

/** @param abis of all contracts that the call may have reached. */
export function revertOf(data: Hex, abis: readonly Abi[]): ChainRevert {
  try {
    const { errorName, args } = decodeErrorResult({ abi: abis.flatMap((abi) => abi.filter(({ type }) => type === 'error')), data });
    return new ChainRevert(errorName, plain(args ?? []) as unknown[], data);
  } catch {
    return new ChainRevert('Unknown', [], data);
  }
}

/** @returns the revert that a node told, or null where it told something else. */
export function asRevert(error: unknown, abis: readonly Abi[]): ChainRevert | null {
  if (!(error instanceof NodeError)) return null;
  if (error.data !== null) return revertOf(error.data, abis);
  return error.rpcCode === 3 || error.words.includes('revert') ? revertOf('0x', abis) : null;
}
