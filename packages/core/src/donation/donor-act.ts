import { utf8 } from '../crypto/bytes.ts';
import { typedDigest, typeHash } from '../crypto/eip712.ts';
import { keccak } from '../crypto/keccak.ts';
import { Packer } from '../crypto/packer.ts';
import { recoverAddress } from '../crypto/secp256k1.ts';
import type { Domain, Hex } from '../receipt/types.ts';

/**
 * A donor's word for one act on what is the donor's. `act`: what is done, for example `pause` · `subject`: the id of what it is done to,
 * empty where it is to all · `nonce`: 32 random bytes, used once · `deadline`: Unix ms, after which the signature is worth nothing.
 */
export type DonorActTerms = {
  readonly donor: Hex;
  readonly act: string;
  readonly subject: string;
  readonly nonce: Hex;
  readonly deadline: number;
};

export const DONOR_ACT_TYPE = 'DonorAct(address donor,string act,string subject,bytes32 nonce,uint64 deadline)';
const TYPE_HASH = typeHash(DONOR_ACT_TYPE);

/** @returns the EIP-712 struct hash. @throws TallyError INPUT_INVALID */
export function donorActHash(terms: DonorActTerms): Hex {
  return new Packer(6 * 32)
    .bytes32(TYPE_HASH, 'donor act type')
    .address(terms.donor, 'donor')
    .bytes32(keccak(utf8(terms.act, 'act')), 'act')
    .bytes32(keccak(utf8(terms.subject, 'subject')), 'subject')
    .bytes32(terms.nonce, 'nonce')
    .word(64, terms.deadline, 'deadline')
    .keccak();
}

/** What the donor signs. @throws TallyError INPUT_INVALID */
export function donorActDigest(terms: DonorActTerms, domain: Domain): Hex {
  return typedDigest(domain, donorActHash(terms));
}

/** @returns the address that signed the act: the caller compares it with `donor`. @throws TallyError INPUT_INVALID */
export function donorActSigner(terms: DonorActTerms, domain: Domain, signature: Hex): Hex {
  return recoverAddress(donorActDigest(terms, domain), signature);
}
