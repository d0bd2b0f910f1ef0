import { z } from 'zod';
import { normalizeAddress, recoverAddress } from '../crypto/secp256k1.ts';
import { detailHash } from '../jcs.ts';
import { lineAmount, linesAmount } from '../tariff/price.ts';
import { tariffId } from '../tariff/tariff.ts';
import { BUNDLE_CHARS_MAX, bundleSchema, type ReceiptBundle } from './bundle.ts';
import { type Check, check } from './check.ts';
import { groupDigest } from './group.ts';
import { isPlaceholder, laneId } from './lane.ts';
import { leafAmount } from './leaf-amount.ts';
import { verifySumProof } from './merkle-proof.ts';
import { receiptHash } from './receipt-hash.ts';

/** `ok`: every check holds. `bundle` is there once the form is right, whatever else failed: look at `ok` before believing it. */
export type BundleVerdict = { readonly ok: boolean; readonly checks: readonly Check[]; readonly bundle: ReceiptBundle | null };

/**
 * Verifies a receipt bundle with nothing but itself: form, detail, hash, arithmetic, lane, position, path to the root, and signature.
 *
 * What it cannot know is *whose* key `signer` is: give `expected.signer`, learned from the gateway by another way. Without it the
 * verdict says only that the bundle is consistent and signed by the key that it names.
 * @param input the bundle's JSON text, or its parsed value.
 * @throws TallyError INPUT_INVALID only where `expected.signer` is not an address.
 */
export function verifyBundle(input: unknown, expected: { readonly signer?: string } = {}): BundleVerdict {
  const signer = expected.signer === undefined ? null : normalizeAddress(expected.signer);
  const read = readBundle(input);
  if (typeof read === 'string') return { ok: false, checks: [{ name: 'format', ok: false, detail: read }], bundle: null };
  const checks = [
    { name: 'format', ok: true, detail: read.format },
    ...contentChecks(read),
    ...placeChecks(read),
    ...signatureChecks(read),
  ];
  if (signer !== null) {
    checks.push({ name: 'signer', ok: read.group.signer === signer, detail: `The signer must be ${signer}; it is ${read.group.signer}.` });
  }
  return { ok: checks.every(({ ok }) => ok), checks, bundle: read };
}

/** @returns the bundle, or what is wrong with its form. */
function readBundle(input: unknown): ReceiptBundle | string {
  if (typeof input === 'string' && input.length > BUNDLE_CHARS_MAX) return `A bundle has at most ${BUNDLE_CHARS_MAX} characters.`;
  let value = input;
  try {
    if (typeof input === 'string') value = JSON.parse(input);
  } catch {
    return 'This is not JSON.';
  }
  const parsed = bundleSchema.safeParse(value);
  return parsed.success ? parsed.data : z.prettifyError(parsed.error);
}

/** That the receipt says what it says: its detail, its hash, its sums. */
function contentChecks({ receipt, detail, tariff, ...bundle }: ReceiptBundle): readonly Check[] {
  const checks = [
    check('detail', () => [detailHash(detail) === receipt.detailHash, 'detailHash is keccak-256 of the canonical detail.']),
    check('hash', () => [receiptHash(receipt) === bundle.receiptHash, 'receiptHash is the EIP-712 struct hash of the receipt.']),
    check('amount', () => [linesAmount(receipt.lines) === receipt.amount, `The lines must add up to ${receipt.amount}.`]),
  ];
  if (tariff === null) return checks;
  return [
    ...checks,
    check('tariff', () => {
      const priced = receipt.lines.every((line) => lineAmount(line, tariff) === line.amount);
      return [tariffId(tariff) === receipt.tariffId && priced, 'The tariff is the one named, and prices every line as it stands.'];
    }),
  ];
}

/** That it stands where it says: in its lane, at its seq, in the group's tree. */
function placeChecks({ receipt, group, proof, ...bundle }: ReceiptBundle): readonly Check[] {
  return [
    check('lane', () => {
      const settles = isPlaceholder(group.domain) ? 'a placeholder without a chain, which never settles' : `chain ${group.domain.chainId}`;
      return [laneId(group.domain, group.lane) === group.laneId && group.laneId === receipt.laneId, `The lane is ${settles}.`];
    }),
    check('position', () => [
      receipt.seq === group.seqFrom + BigInt(proof.index) && group.seqTo === group.seqFrom + BigInt(group.count) - 1n,
      `Seq ${receipt.seq} must be leaf ${proof.index} of ${group.seqFrom} … ${group.seqTo}.`,
    ]),
    check('path', () => [
      verifySumProof(group, { receiptHash: bundle.receiptHash, amount: leafAmount(receipt) }, proof),
      `The path leads to root ${group.root} with total ${group.total}.`,
    ]),
  ];
}

function signatureChecks({ group }: ReceiptBundle): readonly Check[] {
  return [
    check('signature', () => [
      recoverAddress(groupDigest(group, group.domain), group.signature) === group.signer,
      `The group's root must be signed by ${group.signer}.`,
    ]),
  ];
}
