import { utf8 } from '../crypto/bytes.ts';
import { typedDigest, typeHash } from '../crypto/eip712.ts';
import { keccak } from '../crypto/keccak.ts';
import { Packer } from '../crypto/packer.ts';
import { type Domain, type Hex, ZERO_32 } from '../receipt/types.ts';

/**
 * What a gateway says that it took, and under which terms it keeps it. `id`: the donation's id · `donor`: an address in lower case, or
 * `account:` and a UUID · `labelHash`: `donorLabelHash` of the name that the donor gave beside it · `host`: the server that the key is sent
 * to · `shreddable`: destroying the key destroys it in backups too · `simulated`: the provider is the sandbox · `givenAt`: Unix ms.
 * The others as in `DonationTerms`.
 */
export type DonationReceipt = {
  readonly id: string;
  readonly donor: string;
  readonly labelHash: Hex;
  readonly provider: string;
  readonly host: string;
  readonly tokens: bigint;
  readonly minutes: number;
  readonly expiry: number;
  readonly countConsent: boolean;
  readonly holdSettle: boolean;
  readonly keepExhaustedMs: number;
  readonly shreddable: boolean;
  readonly simulated: boolean;
  readonly givenAt: number;
};

export const DONATION_RECEIPT_TYPE =
  'DonationReceipt(string id,string donor,bytes32 labelHash,string provider,string host,uint64 tokens,uint64 minutes,uint64 expiry,' +
  'bool countConsent,bool holdSettle,uint64 keepExhaustedMs,bool shreddable,bool simulated,uint64 givenAt)';
const TYPE_HASH = typeHash(DONATION_RECEIPT_TYPE);

/** @returns keccak-256 of the label's UTF-8 bytes; 32 zero bytes where there is none. @throws TallyError INPUT_INVALID */
export function donorLabelHash(label: string | null): Hex {
  return label === null ? ZERO_32 : keccak(utf8(label, 'label'));
}

/** @returns the EIP-712 struct hash. @throws TallyError INPUT_INVALID */
export function donationReceiptHash(receipt: DonationReceipt): Hex {
  return new Packer(15 * 32)
    .bytes32(TYPE_HASH, 'donation receipt type')
    .bytes32(keccak(utf8(receipt.id, 'id')), 'id')
    .bytes32(keccak(utf8(receipt.donor, 'donor')), 'donor')
    .bytes32(receipt.labelHash, 'labelHash')
    .bytes32(keccak(utf8(receipt.provider, 'provider')), 'provider')
    .bytes32(keccak(utf8(receipt.host, 'host')), 'host')
    .word(64, receipt.tokens, 'tokens')
    .word(64, receipt.minutes, 'minutes')
    .word(64, receipt.expiry, 'expiry')
    .word(8, receipt.countConsent ? 1 : 0, 'countConsent')
    .word(8, receipt.holdSettle ? 1 : 0, 'holdSettle')
    .word(64, receipt.keepExhaustedMs, 'keepExhaustedMs')
    .word(8, receipt.shreddable ? 1 : 0, 'shreddable')
    .word(8, receipt.simulated ? 1 : 0, 'simulated')
    .word(64, receipt.givenAt, 'givenAt')
    .keccak();
}

/** What the gateway signs with the key that signs its receipts. @throws TallyError INPUT_INVALID */
export function donationReceiptDigest(receipt: DonationReceipt, domain: Domain): Hex {
  return typedDigest(domain, donationReceiptHash(receipt));
}
