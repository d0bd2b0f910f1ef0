import { utf8 } from '../crypto/bytes.ts';
import { typedDigest, typeHash } from '../crypto/eip712.ts';
import { keccak } from '../crypto/keccak.ts';
import { Packer } from '../crypto/packer.ts';
import { recoverAddress } from '../crypto/secp256k1.ts';
import type { Domain, Hex } from '../receipt/types.ts';

/**
 * A donor's word that tokens which were spent on calls of unknown outcome may be given back to the donation, since the provider did not
 * bill them: they can then be spent again. `id`: the sealed record's id · `from`, `to`: the interval, Unix ms, without `to` ·
 * `amount`: the most that is given back, tokens · `exportHash`: SHA-256 of the provider's export.
 */
export type ReconcileConsentTerms = {
  readonly id: string;
  readonly from: number;
  readonly to: number;
  readonly amount: bigint;
  readonly exportHash: Hex;
};

/** `id` is a string so that a wallet shows the donor the id that the donor knows. */
export const RECONCILE_CONSENT_TYPE = 'ReconcileConsent(string id,uint64 from,uint64 to,uint64 amount,bytes32 exportHash)';
const TYPE_HASH = typeHash(RECONCILE_CONSENT_TYPE);

/** @returns the EIP-712 struct hash. @throws TallyError INPUT_INVALID */
export function reconcileConsentHash(terms: ReconcileConsentTerms): Hex {
  return new Packer(6 * 32)
    .bytes32(TYPE_HASH, 'reconcile consent type')
    .bytes32(keccak(utf8(terms.id, 'id')), 'id')
    .word(64, terms.from, 'from')
    .word(64, terms.to, 'to')
    .word(64, terms.amount, 'amount')
    .bytes32(terms.exportHash, 'exportHash')
    .keccak();
}

/** What the donor signs. @throws TallyError INPUT_INVALID */
export function reconcileConsentDigest(terms: ReconcileConsentTerms, domain: Domain): Hex {
  return typedDigest(domain, reconcileConsentHash(terms));
}

/** @returns the address that signed the consent: the caller compares it with the record's donor. @throws TallyError INPUT_INVALID */
export function reconcileConsentSigner(terms: ReconcileConsentTerms, domain: Domain, signature: Hex): Hex {
  return recoverAddress(reconcileConsentDigest(terms, domain), signature);
}
