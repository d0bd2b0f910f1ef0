import type { JsonObject } from '../jcs.ts';
import type { Tariff } from '../tariff/tariff.ts';
import { BUNDLE_FORMAT, bundleSchema, type ReceiptBundleJson, type SignedGroup } from './bundle.ts';
import type { SumProof } from './merkle-proof.ts';
import { receiptHash } from './receipt-hash.ts';
import type { Receipt } from './types.ts';

export type BundleParts = {
  readonly receipt: Receipt;
  /** What `detailHash` was made of, unchanged. */
  readonly detail: JsonObject;
  readonly tariff: Tariff | null;
  readonly group: SignedGroup;
  /** From `proveLeaf(groupTree(receipts), index)`. */
  readonly proof: SumProof;
};

/**
 * @returns the JSON form of a receipt: a plain value for `JSON.stringify`. It is well formed; whether it is *true* is for `verifyBundle`.
 * @throws TallyError INPUT_INVALID on a value out of range
 */
export function encodeBundle(parts: BundleParts): ReceiptBundleJson {
  const { detail, ...rest } = parts;
  const hash = receiptHash(parts.receipt);
  const written = decimals({ format: BUNDLE_FORMAT, receiptHash: hash, ...rest }) as Omit<ReceiptBundleJson, 'detail'>;
  const { format, receipt, tariff, group, proof } = written;
  const bundle = { format, receipt, receiptHash: hash, detail, tariff, group, proof };
  // In a pair with the reader: what is handed out is what the strict schema takes in.
  bundleSchema.parse(bundle);
  return bundle;
}

function decimals(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return value.map(decimals);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, decimals(member)]));
}
