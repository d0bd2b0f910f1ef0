import { concat, utf8 } from '../crypto/bytes.ts';
import { fromHex } from '../crypto/hex.ts';
import { keccak } from '../crypto/keccak.ts';
import { Packer } from '../crypto/packer.ts';
import type { Domain, Hex } from './types.ts';

/** Which of a gateway's logs: `gatewayId` 32 bytes, `index` counts a gateway's lanes on one contract. */
export type LaneKey = { readonly gatewayId: Hex; readonly index: number };

/**
 * A lane is one writer's log: keccak-256(abi.encode(uint256 chainId, address UsageReceipts, bytes32 gatewayId, uint256 index)).
 * Contracts recompute it, which is how a receipt without a domain of its own is bound to chain and contract.
 * @param domain chain id and address of the `UsageReceipts` contract.
 * @throws TallyError INPUT_INVALID (index: 0 … 2^32 − 1)
 */
export function laneId(domain: Domain, lane: LaneKey): Hex {
  return new Packer(4 * 32)
    .word(256, domain.chainId, 'chainId')
    .address(domain.verifyingContract, 'verifyingContract')
    .bytes32(lane.gatewayId, 'gatewayId')
    .word(32, lane.index, 'index')
    .keccak();
}

const PLACEHOLDER_TAG = utf8('tallystick/v1/placeholder');

/**
 * The domain of a gateway without a chain: chain id 0, which no chain has, and an address that is a hash of the installation's genesis
 * salt, so that two installations never share a lane or a signature. Its receipts verify like any other and can never settle.
 * @param genesis 32 random bytes, made once when the books are created.
 */
export function placeholderDomain(genesis: Hex): Domain {
  const hash = keccak(concat(PLACEHOLDER_TAG, fromHex(genesis, 32, 'genesis')));
  return { chainId: 0n, verifyingContract: `0x${hash.slice(-40)}` };
}

/** @returns whether receipts under this domain can never settle. */
export function isPlaceholder(domain: Domain): boolean {
  return domain.chainId === 0n;
}
