import type { Domain, Hex } from '../receipt/types.ts';
import { concat, utf8 } from './bytes.ts';
import { fromHex } from './hex.ts';
import { keccak } from './keccak.ts';
import { Packer } from './packer.ts';

export const DOMAIN_NAME = 'Tallystick';
export const DOMAIN_VERSION = '1';

const DOMAIN_TYPE_HASH = typeHash('EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)');
const NAME_HASH = keccak(utf8(DOMAIN_NAME));
const VERSION_HASH = keccak(utf8(DOMAIN_VERSION));
const PREFIX = Uint8Array.of(0x19, 0x01);

/** @returns keccak-256 of an EIP-712 type string, for example `Voucher(bytes32 channelId,uint128 maxClaimableAmount)`. */
export function typeHash(type: string): Hex {
  return keccak(utf8(type));
}

/** @returns the EIP-712 encoding of an array of structs: keccak-256 over their hashes. */
export function hashArray(structHashes: readonly Hex[], name: string): Hex {
  const words = new Packer(32 * structHashes.length);
  for (const hash of structHashes) words.bytes32(hash, name);
  return words.keccak();
}

/** Source: EIP-712, "Definition of domainSeparator". @throws TallyError INPUT_INVALID */
export function domainSeparator(domain: Domain): Hex {
  return new Packer(5 * 32)
    .bytes32(DOMAIN_TYPE_HASH, 'domain type')
    .bytes32(NAME_HASH, 'domain name')
    .bytes32(VERSION_HASH, 'domain version')
    .word(256, domain.chainId, 'domain.chainId')
    .address(domain.verifyingContract, 'domain.verifyingContract')
    .keccak();
}

/** What is signed: keccak-256(0x1901 ‖ domainSeparator ‖ structHash). @throws TallyError INPUT_INVALID */
export function typedDigest(domain: Domain, structHash: Hex): Hex {
  return keccak(concat(PREFIX, fromHex(domainSeparator(domain), 32), fromHex(structHash, 32, 'structHash')));
}
