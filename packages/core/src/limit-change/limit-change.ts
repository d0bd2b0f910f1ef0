import { utf8 } from '../crypto/bytes.ts';
import { typedDigest, typeHash } from '../crypto/eip712.ts';
import { keccak } from '../crypto/keccak.ts';
import { Packer } from '../crypto/packer.ts';
import { recoverAddress } from '../crypto/secp256k1.ts';
import type { Domain, Hex } from '../receipt/types.ts';

/**
 * A donor's word on how much of a donation may be spent, from now on. The effective limit is the minimum over all changes.
 * `id`: the sealed record's id · `seq`: 1, 2, … per record · `limit`: tokens · `expiry`: Unix ms, 0 = never.
 */
export type LimitChangeTerms = { readonly id: string; readonly seq: number; readonly limit: bigint; readonly expiry: number };

/** `id` is a string so that a wallet shows the donor the id that the donor knows. */
export const LIMIT_CHANGE_TYPE = 'LimitChange(string id,uint64 seq,uint64 limit,uint64 expiry)';
const TYPE_HASH = typeHash(LIMIT_CHANGE_TYPE);

/** @returns the EIP-712 struct hash. @throws TallyError INPUT_INVALID */
export function limitChangeHash(change: LimitChangeTerms): Hex {
  return new Packer(5 * 32)
    .bytes32(TYPE_HASH, 'limit change type')
    .bytes32(keccak(utf8(change.id, 'id')), 'id')
    .word(64, change.seq, 'seq')
    .word(64, change.limit, 'limit')
    .word(64, change.expiry, 'expiry')
    .keccak();
}

/** What the donor signs. @throws TallyError INPUT_INVALID */
export function limitChangeDigest(change: LimitChangeTerms, domain: Domain): Hex {
  return typedDigest(domain, limitChangeHash(change));
}

/** @returns the address that signed the change: the caller compares it with the record's donor. @throws TallyError INPUT_INVALID */
export function limitChangeSigner(change: LimitChangeTerms, domain: Domain, signature: Hex): Hex {
  return recoverAddress(limitChangeDigest(change, domain), signature);
}
