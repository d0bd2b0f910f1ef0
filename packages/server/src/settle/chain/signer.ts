import type { Hex } from '@tallystick/core';
import { privateKeyToAccount } from 'viem/accounts';
import type { Fees } from './fees.ts';

export type UnsignedTransaction = {
  readonly chainId: number;
  readonly nonce: bigint;
  readonly to: Hex;
  readonly data: Hex;
  readonly value: bigint;
  readonly gas: bigint;
  readonly fees: Fees;
};

/** Signs for one account. A key-management service can stand behind it. */
export type TransactionSigner = {
  /** Lower case. */
  readonly address: Hex;
  sign(transaction: UnsignedTransaction): Promise<Hex>;
};

/** @param secretKey 32 bytes of hex. It stays in this process's memory for as long as the signer does. */
export function keySigner(secretKey: Hex): TransactionSigner {
  const account = privateKeyToAccount(secretKey);
  return {
    address: account.address.toLowerCase() as Hex,
    sign: ({ chainId, nonce, to, data, value, gas, fees }) =>
      account.signTransaction({
        type: 'eip1559',
        chainId,
        nonce: Number(nonce),
        to,
        data,
        value,
        gas,
        maxFeePerGas: fees.max,
        maxPriorityFeePerGas: fees.tip,
      }),
  };
}
