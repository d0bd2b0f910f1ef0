import { z } from 'zod';
import { isHex } from '../crypto/hex.ts';
import type { JsonObject } from '../jcs.ts';
import { TARIFF_LINES_MAX } from '../tariff/tariff.ts';
import { RECEIPT_LINES_MAX } from './receipt-hash.ts';
import type { Hex } from './types.ts';

export const BUNDLE_FORMAT = 'tallystick-receipt/1';
/** A bundle of a full tree is a few kilobytes; what is longer is not parsed. */
export const BUNDLE_CHARS_MAX = 262_144;
/** A count of 32 bits has a path of at most 32 siblings. */
const PATH_MAX = 32;

const hex = (bytes: number) => z.custom<Hex>((value) => isHex(value, bytes), `must be 0x and ${bytes} bytes of lower-case hex`);
/** Integers over 32 bits are decimal strings, without sign or leading zeros: one value has one spelling. */
const decimal = (bits: number) =>
  z
    .string()
    .regex(/^(0|[1-9][0-9]{0,77})$/, 'must be a decimal string')
    .transform((text) => BigInt(text))
    .refine((value) => value < 1n << BigInt(bits), `must be below 2^${bits}`);
const small = (bits: number) =>
  z
    .int()
    .min(0)
    .max(2 ** bits - 1);

const line = z.strictObject({ unit: small(16), quantity: decimal(64), amount: decimal(128) });

const receipt = z.strictObject({
  kind: z.literal([1, 2, 3, 4]),
  mode: z.literal([0, 1]),
  callId: hex(32),
  attempt: small(16),
  refHash: hex(32),
  jobId: hex(32),
  tenantId: hex(32),
  sourceId: hex(32),
  sourceSeq: decimal(64),
  charged: decimal(64),
  sourceSpent: decimal(64),
  providerId: hex(32),
  laneId: hex(32),
  seq: decimal(64),
  channelId: hex(32),
  tariffId: hex(32),
  startedAt: decimal(64),
  endedAt: decimal(64),
  lines: z.array(line).max(RECEIPT_LINES_MAX),
  amount: decimal(128),
  requestHash: hex(32),
  responseHash: hex(32),
  attestationHash: hex(32),
  detailHash: hex(32),
});

const tariff = z.strictObject({
  version: small(32),
  lines: z.array(z.strictObject({ unit: small(16), price: decimal(128), per: decimal(64), rounding: z.literal(1) })).max(TARIFF_LINES_MAX),
});

const group = z.strictObject({
  root: hex(32),
  count: small(32),
  total: decimal(128),
  laneId: hex(32),
  seqFrom: decimal(64),
  seqTo: decimal(64),
  domain: z.strictObject({ chainId: decimal(256), verifyingContract: hex(20) }),
  lane: z.strictObject({ gatewayId: hex(32), index: small(32) }),
  signature: hex(65),
  signer: hex(20),
});

const proof = z.strictObject({
  index: small(32),
  path: z.array(z.strictObject({ hash: hex(32), sum: decimal(128) })).max(PATH_MAX),
});

/** Handed through as it is, not rebuilt: a member that the parser dropped would not be covered by `detailHash`. Its values are checked by hashing. */
const detail = z.custom<JsonObject>((value) => typeof value === 'object' && value !== null && !Array.isArray(value), 'must be an object');

/**
 * A receipt with all that is needed to verify it offline. Nothing stands in it that no check covers, and unknown members are refused.
 * `tariff` may be null where the reader does not need the prices.
 */
export const bundleSchema = z.strictObject({
  format: z.literal(BUNDLE_FORMAT),
  receipt,
  receiptHash: hex(32),
  detail,
  tariff: tariff.nullable(),
  group,
  proof,
});

/** The bundle as JSON: integers over 32 bits are decimal strings. */
export type ReceiptBundleJson = z.input<typeof bundleSchema>;
/** The bundle as values. */
export type ReceiptBundle = z.output<typeof bundleSchema>;
/** A commit group with its signature and what is needed to recompute its lane. */
export type SignedGroup = ReceiptBundle['group'];
