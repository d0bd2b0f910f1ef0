/**
 * Golden vectors of every struct that is hashed under EIP-712, checked against viem, which shares no code with the encoder here.
 * They are frozen: other languages and the contracts test against the same files. `vitest -u` rewrites them; a changed line in an
 * existing case is a broken format.
 */
import { hashStruct, hashTypedData, keccak256, recoverTypedDataAddress, stringToHex } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { expect, test } from 'vitest';
import { CAPABILITY_TYPE, capabilityHash } from '../capability/capability.ts';
import { CHANNEL_CONFIG_TYPE, channelConfigHash, USAGE_CLAIMS_TYPE, usageClaimsHash } from '../channel/channel.ts';
import { domainSeparator, typedDigest, typeHash } from '../crypto/eip712.ts';
import { fromHex } from '../crypto/hex.ts';
import { addressOfSecretKey, recoverAddress, signDigest } from '../crypto/secp256k1.ts';
import { DONATION_TYPE, donationHash } from '../donation/donation.ts';
import { DONATION_RECEIPT_TYPE, donationReceiptHash } from '../donation/donation-receipt.ts';
import { DONOR_ACT_TYPE, donorActHash } from '../donation/donor-act.ts';
import { LIMIT_CHANGE_TYPE, limitChangeHash } from '../limit-change/limit-change.ts';
import { RECONCILE_CONSENT_TYPE, reconcileConsentHash } from '../reconcile-consent/reconcile-consent.ts';
import { FREE_TARIFF, TARIFF_TYPE, tariffId } from '../tariff/tariff.ts';
import { groupHash, RECEIPT_GROUP_TYPE } from './group.ts';
import { ORDER_TYPE, orderHash } from './order.ts';
import { RECEIPT_TYPE, receiptHash, USAGE_LINE_TYPE, usageLineHash } from './receipt-hash.ts';
import { fill, SAMPLE_DOMAIN, sampleReceipt } from './sample.ts';
import { BATCH_TYPE, batchHash, USAGE_CLAIM_TYPE, usageClaimHash, VOUCHER_TYPE, voucherHash } from './settlement.ts';
import { type Domain, type Hex, ZERO_32 } from './types.ts';

const max = (bits: number) => 2n ** BigInt(bits) - 1n;
const KEY = fill(0x42);
const MAX_DOMAIN: Domain = { chainId: max(256), verifyingContract: `0x${'ff'.repeat(20)}` };
const PLACEHOLDER: Domain = { chainId: 0n, verifyingContract: `0x${'00'.repeat(20)}` };

type Case = { readonly name: string; readonly message: Readonly<Record<string, unknown>>; readonly structHash: Hex };
type Suite = { readonly file: string; readonly type: string; readonly cases: readonly Case[] };

function suite<T extends Readonly<Record<string, unknown>>>(
  file: string,
  type: string,
  hash: (message: T) => Hex,
  messages: Readonly<Record<string, T>>,
): Suite {
  const cases = Object.entries(messages).map(([name, message]) => ({ name, message, structHash: hash(message) }));
  return { file, type, cases };
}

const IDS_MAX = Object.fromEntries(
  ['callId', 'refHash', 'jobId', 'tenantId', 'sourceId', 'providerId', 'laneId', 'channelId', 'tariffId'].map((name) => [name, fill(0xff)]),
);
const UINTS_MAX = Object.fromEntries(['sourceSeq', 'charged', 'sourceSpent', 'seq', 'startedAt', 'endedAt'].map((name) => [name, max(64)]));
const LINE_MAX = { unit: 65_535, quantity: max(64), amount: max(128) };

const SUITES: readonly Suite[] = [
  suite('receipt', RECEIPT_TYPE, receiptHash, {
    sample: sampleReceipt(),
    'no lines': sampleReceipt({ lines: [], amount: 0n }),
    'one line': sampleReceipt({ lines: [{ unit: 9, quantity: 1n, amount: 0n }], amount: 0n }),
    'sixty-four lines': sampleReceipt({
      lines: Array.from({ length: 64 }, (_, i) => ({ unit: i, quantity: BigInt(i), amount: 1n })),
      amount: 64n,
    }),
    'burned, sandbox': sampleReceipt({ kind: 2, mode: 1, responseHash: ZERO_32 }),
    'charged at the bound': sampleReceipt({ kind: 3 }),
    credit: sampleReceipt({ kind: 4, refHash: fill(0xcc) }),
    'largest values': sampleReceipt({ ...IDS_MAX, ...UINTS_MAX, attempt: 65_535, lines: [LINE_MAX, LINE_MAX], amount: max(128) }),
  }),
  suite('usage-line', USAGE_LINE_TYPE, usageLineHash, {
    sample: { unit: 1, quantity: 1_000n, amount: 2_500n },
    zero: { unit: 0, quantity: 0n, amount: 0n },
    'largest values': LINE_MAX,
  }),
  suite('tariff', TARIFF_TYPE, tariffId, {
    free: FREE_TARIFF,
    'no lines': { version: 0, lines: [] },
    'two lines': {
      version: 7,
      lines: [
        { unit: 1, price: 2_500_000n, per: 1_000_000n, rounding: 1 },
        { unit: 5, price: 10_000_000n, per: 1_000_000n, rounding: 1 },
      ],
    },
    'largest values': { version: 2 ** 32 - 1, lines: [{ unit: 65_535, price: max(128), per: max(64), rounding: 1 }] },
  }),
  suite('receipt-group', RECEIPT_GROUP_TYPE, groupHash, {
    one: { root: fill(1), count: 1, total: 0n, laneId: fill(2), seqFrom: 0n, seqTo: 0n },
    hundred: { root: fill(1), count: 100, total: 4_840n, laneId: fill(2), seqFrom: 12n, seqTo: 111n },
    'largest values': {
      root: fill(0xff),
      count: 2 ** 32 - 1,
      total: max(128),
      laneId: fill(0xff),
      seqFrom: max(64) - 2n ** 32n + 2n,
      seqTo: max(64),
    },
  }),
  suite('limit-change', LIMIT_CHANGE_TYPE, limitChangeHash, {
    sample: { id: '0199d1f0-7c1e-7a30-8a52-0123456789ab', seq: 1, limit: 500_000n, expiry: 1_767_225_600_000 },
    'empty id, never': { id: '', seq: 0, limit: 0n, expiry: 0 },
    'id beyond ASCII, largest values': { id: 'gift-€-😀', seq: Number.MAX_SAFE_INTEGER, limit: max(64), expiry: Number.MAX_SAFE_INTEGER },
  }),
  suite('reconcile-consent', RECONCILE_CONSENT_TYPE, reconcileConsentHash, {
    sample: {
      id: '0199d1f0-7c1e-7a30-8a52-0123456789ab',
      from: 1_767_225_600_000,
      to: 1_767_312_000_000,
      amount: 1_500n,
      exportHash: fill(0xee),
    },
    'empty id, nothing': { id: '', from: 0, to: 0, amount: 0n, exportHash: ZERO_32 },
    'id beyond ASCII, largest values': {
      id: 'gift-€-😀',
      from: Number.MAX_SAFE_INTEGER,
      to: Number.MAX_SAFE_INTEGER,
      amount: max(64),
      exportHash: fill(0xff),
    },
  }),
  suite('donation', DONATION_TYPE, donationHash, {
    sample: {
      donor: `0x${'a1'.repeat(20)}`,
      provider: 'anthropic',
      keyHash: fill(0xee),
      tokens: 500_000n,
      minutes: 120,
      expiry: 1_767_225_600_000,
      countConsent: true,
      holdSettle: false,
      keepExhaustedMs: 604_800_000,
      nonce: fill(0x0f),
      deadline: 1_767_225_300_000,
    },
    'without time, expiry or consents': {
      donor: `0x${'00'.repeat(20)}`,
      provider: '',
      keyHash: ZERO_32,
      tokens: 1n,
      minutes: 0,
      expiry: 0,
      countConsent: false,
      holdSettle: true,
      keepExhaustedMs: 0,
      nonce: ZERO_32,
      deadline: 0,
    },
    'provider beyond ASCII, largest values': {
      donor: `0x${'ff'.repeat(20)}`,
      provider: 'gift-€-😀',
      keyHash: fill(0xff),
      tokens: max(64),
      minutes: Number.MAX_SAFE_INTEGER,
      expiry: Number.MAX_SAFE_INTEGER,
      countConsent: true,
      holdSettle: true,
      keepExhaustedMs: Number.MAX_SAFE_INTEGER,
      nonce: fill(0xff),
      deadline: Number.MAX_SAFE_INTEGER,
    },
  }),
  suite('donor-act', DONOR_ACT_TYPE, donorActHash, {
    sample: {
      donor: `0x${'a1'.repeat(20)}`,
      act: 'pause',
      subject: '0199d1f0-7c1e-7a30-8a52-0123456789ab',
      nonce: fill(0x0f),
      deadline: 1_767_225_300_000,
    },
    'no subject': { donor: `0x${'00'.repeat(20)}`, act: '', subject: '', nonce: ZERO_32, deadline: 0 },
    'texts beyond ASCII, largest values': {
      donor: `0x${'ff'.repeat(20)}`,
      act: 'gift-€-😀',
      subject: '😀',
      nonce: fill(0xff),
      deadline: Number.MAX_SAFE_INTEGER,
    },
  }),
  suite('donation-receipt', DONATION_RECEIPT_TYPE, donationReceiptHash, {
    sample: {
      id: '0199d1f0-7c1e-7a30-8a52-0123456789ab',
      donor: `0x${'a1'.repeat(20)}`,
      labelHash: fill(0xab),
      provider: 'anthropic',
      host: 'api.anthropic.com',
      tokens: 500_000n,
      minutes: 120,
      expiry: 1_767_225_600_000,
      countConsent: true,
      holdSettle: false,
      keepExhaustedMs: 604_800_000,
      shreddable: true,
      simulated: false,
      givenAt: 1_767_225_000_000,
    },
    'an account, the sandbox': {
      id: '0199d1f0-7c1e-7a30-8a52-0123456789ab',
      donor: 'account:0199d1f0-7c1e-7a30-8a52-0123456789ac',
      labelHash: ZERO_32,
      provider: 'sandbox',
      host: 'sandbox',
      tokens: 1n,
      minutes: 0,
      expiry: 0,
      countConsent: false,
      holdSettle: true,
      keepExhaustedMs: 0,
      shreddable: false,
      simulated: true,
      givenAt: 0,
    },
    'texts beyond ASCII, largest values': {
      id: '😀',
      donor: 'gift-€',
      labelHash: fill(0xff),
      provider: '€',
      host: '😀',
      tokens: max(64),
      minutes: Number.MAX_SAFE_INTEGER,
      expiry: Number.MAX_SAFE_INTEGER,
      countConsent: true,
      holdSettle: true,
      keepExhaustedMs: Number.MAX_SAFE_INTEGER,
      shreddable: true,
      simulated: true,
      givenAt: Number.MAX_SAFE_INTEGER,
    },
  }),
  suite('voucher', VOUCHER_TYPE, voucherHash, {
    sample: { channelId: fill(1), maxClaimableAmount: 1_000_000n },
    zero: { channelId: ZERO_32, maxClaimableAmount: 0n },
    'largest values': { channelId: fill(0xff), maxClaimableAmount: max(128) },
  }),
  suite('usage-claim', USAGE_CLAIM_TYPE, usageClaimHash, {
    sample: { channelId: fill(1), totalClaimed: 1_000_000n, receiptCount: 42n, receiptsRoot: fill(2) },
    'largest values': { channelId: fill(0xff), totalClaimed: max(128), receiptCount: max(64), receiptsRoot: fill(0xff) },
  }),
  suite('channel-config', CHANNEL_CONFIG_TYPE, channelConfigHash, {
    sample: {
      tenant: `0x${'a1'.repeat(20)}`,
      payerAuthorizer: `0x${'a2'.repeat(20)}`,
      providerId: fill(0x0a),
      ceiling: 50_000_000n,
      validUntil: 1_798_761_600n,
      withdrawDelay: 86_400,
      salt: fill(0x5a),
    },
    'one key for both, nothing allowed': {
      tenant: `0x${'a1'.repeat(20)}`,
      payerAuthorizer: `0x${'a1'.repeat(20)}`,
      providerId: ZERO_32,
      ceiling: 0n,
      validUntil: 0n,
      withdrawDelay: 0,
      salt: ZERO_32,
    },
    'largest values': {
      tenant: `0x${'ff'.repeat(20)}`,
      payerAuthorizer: `0x${'ff'.repeat(20)}`,
      providerId: fill(0xff),
      ceiling: max(128),
      validUntil: max(64),
      withdrawDelay: 2 ** 32 - 1,
      salt: fill(0xff),
    },
  }),
  suite('usage-claims', USAGE_CLAIMS_TYPE, usageClaimsHash, {
    one: { claims: [{ channelId: fill(1), totalClaimed: 1_000_000n, receiptCount: 42n, receiptsRoot: fill(2) }] },
    none: { claims: [] },
    'three, the same channel twice': {
      claims: [
        { channelId: fill(1), totalClaimed: 1n, receiptCount: 1n, receiptsRoot: fill(2) },
        { channelId: fill(3), totalClaimed: 0n, receiptCount: 0n, receiptsRoot: ZERO_32 },
        { channelId: fill(1), totalClaimed: 2n, receiptCount: 2n, receiptsRoot: fill(4) },
      ],
    },
    'largest values': { claims: [{ channelId: fill(0xff), totalClaimed: max(128), receiptCount: max(64), receiptsRoot: fill(0xff) }] },
  }),
  suite('batch', BATCH_TYPE, batchHash, {
    sample: { root: fill(1), dataHash: fill(2), epoch: 3n, count: 100, total: 4_840n, laneId: fill(4), seqFrom: 12n, seqTo: 111n },
    'largest values': {
      root: fill(0xff),
      dataHash: fill(0xff),
      epoch: max(64),
      count: 2 ** 32 - 1,
      total: max(128),
      laneId: fill(0xff),
      seqFrom: max(64),
      seqTo: max(64),
    },
  }),
  suite('capability', CAPABILITY_TYPE, capabilityHash, {
    sample: {
      id: fill(1),
      issuer: `0x${'a1'.repeat(20)}`,
      tenantId: fill(2),
      subjectKey: fill(3),
      audience: fill(4),
      budget: 5_000_000n,
      notBefore: 1_767_225_600n,
      notAfter: 1_767_312_000n,
      issuerEpoch: 1n,
      policyHash: fill(5),
    },
    'any gateway, nothing': {
      id: ZERO_32,
      issuer: `0x${'00'.repeat(20)}`,
      tenantId: ZERO_32,
      subjectKey: ZERO_32,
      audience: ZERO_32,
      budget: 0n,
      notBefore: 0n,
      notAfter: 0n,
      issuerEpoch: 0n,
      policyHash: ZERO_32,
    },
    'largest values': {
      id: fill(0xff),
      issuer: `0x${'ff'.repeat(20)}`,
      tenantId: fill(0xff),
      subjectKey: fill(0xff),
      audience: fill(0xff),
      budget: max(128),
      notBefore: max(64),
      notAfter: max(64),
      issuerEpoch: max(64),
      policyHash: fill(0xff),
    },
  }),
  suite('order', ORDER_TYPE, orderHash, {
    sample: {
      maker: `0x${'a1'.repeat(20)}`,
      sellToken: `0x${'a2'.repeat(20)}`,
      buyToken: `0x${'a3'.repeat(20)}`,
      sellAmount: 10n ** 18n,
      buyAmount: 2_500_000n,
      receiver: `0x${'a4'.repeat(20)}`,
      validTo: 1_767_225_600n,
      nonce: 1n,
      maxFeeBps: 30,
      partiallyFillable: true,
    },
    'largest values': {
      maker: `0x${'ff'.repeat(20)}`,
      sellToken: `0x${'ff'.repeat(20)}`,
      buyToken: `0x${'ff'.repeat(20)}`,
      sellAmount: max(256),
      buyAmount: max(256),
      receiver: `0x${'ff'.repeat(20)}`,
      validTo: max(64),
      nonce: max(256),
      maxFeeBps: 65_535,
      partiallyFillable: false,
    },
  }),
];

/** `A(uint8 x,B[] y)B(bool z)` → viem's table of types; the first is the primary one. */
function typesOf(type: string): { readonly primaryType: string; readonly types: Record<string, { name: string; type: string }[]> } {
  const structs = [...type.matchAll(/(\w+)\(([^)]*)\)/g)].map(([, name, fields]) => {
    const members = (fields as string).split(',').map((field) => {
      const [member, label] = field.split(' ') as [string, string];
      return { name: label, type: member };
    });
    return [name as string, members] as const;
  });
  return { primaryType: structs[0]?.[0] as string, types: Object.fromEntries(structs) };
}

const viemDomain = (domain: Domain) => ({ name: 'Tallystick', version: '1', ...domain });
const pretty = (value: unknown) =>
  `${JSON.stringify(value, (_, member) => (typeof member === 'bigint' ? member.toString() : member), 2)}\n`;

test.each(SUITES)('$file: struct hashes, digests and signatures are those of viem, and frozen', async ({ file, type, cases }) => {
  const { primaryType, types } = typesOf(type);
  const account = privateKeyToAccount(KEY);
  const frozen: unknown[] = [];
  for (const { name, message, structHash } of cases) {
    const digest = typedDigest(SAMPLE_DOMAIN, structHash);
    const signature = signDigest(digest, fromHex(KEY));
    const typed = { domain: viemDomain(SAMPLE_DOMAIN), types, primaryType, message };
    expect(structHash).toBe(hashStruct({ data: message, primaryType, types }));
    expect(digest).toBe(hashTypedData(typed));
    expect(signature).toBe(await account.signTypedData(typed));
    expect((await recoverTypedDataAddress({ ...typed, signature })).toLowerCase()).toBe(recoverAddress(digest, signature));
    frozen.push({ name, message, structHash, digest, signature });
  }
  const vector = {
    type,
    typeHash: typeHash(type),
    domain: SAMPLE_DOMAIN,
    secretKey: KEY,
    signer: account.address.toLowerCase(),
    cases: frozen,
  };
  expect(vector.typeHash).toBe(keccak256(stringToHex(type)));
  await expect(pretty(vector)).toMatchFileSnapshot(`../../vectors/${file}.json`);
});

test('domain separators and signatures are frozen', async () => {
  const message = { channelId: fill(1), maxClaimableAmount: 1n };
  const { primaryType, types } = typesOf(VOUCHER_TYPE);
  const domains = [SAMPLE_DOMAIN, PLACEHOLDER, MAX_DOMAIN].map((domain) => {
    const digest = typedDigest(domain, voucherHash(message));
    expect(digest).toBe(hashTypedData({ domain: viemDomain(domain), types, primaryType, message }));
    return { domain, separator: domainSeparator(domain), digest };
  });
  const keys = [1n, 2n, 0x42n, 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140n];
  const signatures: unknown[] = [];
  for (const key of keys.map((scalar): Hex => `0x${scalar.toString(16).padStart(64, '0')}`)) {
    const account = privateKeyToAccount(key);
    for (const digest of [ZERO_32, fill(0x99), fill(0xff)]) {
      const signature = signDigest(digest, fromHex(key));
      expect(signature).toBe(await account.sign({ hash: digest }));
      expect(addressOfSecretKey(fromHex(key))).toBe(account.address.toLowerCase());
      signatures.push({ secretKey: key, address: account.address.toLowerCase(), digest, signature });
    }
  }
  await expect(pretty({ name: 'Tallystick', version: '1', voucher: message, domains, signatures })).toMatchFileSnapshot(
    '../../vectors/domain-and-signature.json',
  );
});
