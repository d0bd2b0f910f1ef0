import { utf8 } from '../crypto/bytes.ts';
import { typedDigest, typeHash } from '../crypto/eip712.ts';
import { keccak } from '../crypto/keccak.ts';
import { Packer } from '../crypto/packer.ts';
import { recoverAddress } from '../crypto/secp256k1.ts';
import type { Domain, Hex } from '../receipt/types.ts';

/**
 * What a donor gives, in the donor's own words. `keyHash`: `donatedKeyHash` of the provider key · `tokens`: the cap · `minutes`: 0 = no
 * limit of time in use · `expiry`: Unix ms, 0 = never · `countConsent`: calls may be bounded by the provider's own count · `holdSettle`:
 * nothing that was held is ever given back · `keepExhaustedMs`: how long the key is kept after calls of unknown outcome used it up ·
 * `nonce`: 32 random bytes, used once · `deadline`: Unix ms, after which the signature is worth nothing.
 */
export type DonationTerms = {
  readonly donor: Hex;
  readonly provider: string;
  readonly keyHash: Hex;
  readonly tokens: bigint;
  readonly minutes: number;
  readonly expiry: number;
  readonly countConsent: boolean;
  readonly holdSettle: boolean;
  readonly keepExhaustedMs: number;
  readonly nonce: Hex;
  readonly deadline: number;
};

export const DONATION_TYPE =
  'Donation(address donor,string provider,bytes32 keyHash,uint64 tokens,uint64 minutes,uint64 expiry,' +
  'bool countConsent,bool holdSettle,uint64 keepExhaustedMs,bytes32 nonce,uint64 deadline)';
const TYPE_HASH = typeHash(DONATION_TYPE);

/** The wallet shows and signs the key's hash, never the key. @throws TallyError INPUT_INVALID */
export function donatedKeyHash(apiKey: string): Hex {
  return keccak(utf8(apiKey, 'api_key'));
}

/** @returns the EIP-712 struct hash. @throws TallyError INPUT_INVALID */
export function donationHash(terms: DonationTerms): Hex {
  return new Packer(12 * 32)
    .bytes32(TYPE_HASH, 'donation type')
    .address(terms.donor, 'donor')
    .bytes32(keccak(utf8(terms.provider, 'provider')), 'provider')
    .bytes32(terms.keyHash, 'keyHash')
    .word(64, terms.tokens, 'tokens')
    .word(64, terms.minutes, 'minutes')
    .word(64, terms.expiry, 'expiry')
    .word(8, terms.countConsent ? 1 : 0, 'countConsent')
    .word(8, terms.holdSettle ? 1 : 0, 'holdSettle')
    .word(64, terms.keepExhaustedMs, 'keepExhaustedMs')
    .bytes32(terms.nonce, 'nonce')
    .word(64, terms.deadline, 'deadline')
    .keccak();
}

/** What the donor signs. @throws TallyError INPUT_INVALID */
export function donationDigest(terms: DonationTerms, domain: Domain): Hex {
  return typedDigest(domain, donationHash(terms));
}

/** @returns the address that signed the terms: the caller compares it with `donor`. @throws TallyError INPUT_INVALID */
export function donationSigner(terms: DonationTerms, domain: Domain, signature: Hex): Hex {
  return recoverAddress(donationDigest(terms, domain), signature);
}
