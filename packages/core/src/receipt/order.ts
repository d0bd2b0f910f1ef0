import { typeHash } from '../crypto/eip712.ts';
import { Packer } from '../crypto/packer.ts';
import type { Hex } from './types.ts';

/** A limit order of the token market, as `OrderSettlement` hashes it. Amounts in the tokens' base units; `validTo` in Unix seconds (the chain's clock). */
export type Order = {
  readonly maker: Hex;
  readonly sellToken: Hex;
  readonly buyToken: Hex;
  readonly sellAmount: bigint;
  readonly buyAmount: bigint;
  readonly receiver: Hex;
  readonly validTo: bigint;
  readonly nonce: bigint;
  readonly maxFeeBps: number;
  readonly partiallyFillable: boolean;
};

export const ORDER_TYPE =
  'Order(address maker,address sellToken,address buyToken,uint256 sellAmount,uint256 buyAmount,address receiver,' +
  'uint64 validTo,uint256 nonce,uint16 maxFeeBps,bool partiallyFillable)';
const TYPE_HASH = typeHash(ORDER_TYPE);

/** @returns the EIP-712 struct hash. @throws TallyError INPUT_INVALID */
export function orderHash(order: Order): Hex {
  return new Packer(11 * 32)
    .bytes32(TYPE_HASH, 'order type')
    .address(order.maker, 'maker')
    .address(order.sellToken, 'sellToken')
    .address(order.buyToken, 'buyToken')
    .word(256, order.sellAmount, 'sellAmount')
    .word(256, order.buyAmount, 'buyAmount')
    .address(order.receiver, 'receiver')
    .word(64, order.validTo, 'validTo')
    .word(256, order.nonce, 'nonce')
    .word(16, order.maxFeeBps, 'maxFeeBps')
    .word(8, order.partiallyFillable ? 1 : 0, 'partiallyFillable')
    .keccak();
}
