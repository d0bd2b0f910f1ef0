import { bls12_381 } from '@noble/curves/bls12-381.js';
import { TallyError } from '../errors.ts';
import type { Hex } from '../receipt/types.ts';
import { fromHex, toHex } from './hex.ts';

const { G1, G2, fields } = bls12_381;
/** A point of G1 or G2 of BLS12-381, in its subgroup and not at infinity. */
export type G1Point = InstanceType<typeof G1.Point>;
export type G2Point = InstanceType<typeof G2.Point>;

/** Bytes of a field element, of a point of G1 and of one of G2 in the encoding of EIP-2537. */
const FIELD = 64;
export const G1_BYTES = 2 * FIELD;
export const G2_BYTES = 4 * FIELD;

/** A field element as EIP-2537 writes it: 64 bytes, big-endian, the first 16 of them zero. */
function encode(...elements: readonly bigint[]): Hex {
  return `0x${elements.map((element) => element.toString(16).padStart(2 * FIELD, '0')).join('')}`;
}

/** The elements of `text`. An element that is not below the modulus would be a second encoding of another one. */
function decode(text: Hex, count: number, name: string): bigint[] {
  const bytes = fromHex(text, count * FIELD, name);
  return Array.from({ length: count }, (_, i) => {
    const element = BigInt(toHex(bytes.subarray(i * FIELD, (i + 1) * FIELD)));
    if (element >= fields.Fp.ORDER) throw notAPoint(name);
    return element;
  });
}

/** @returns x ‖ y: 128 bytes. */
export function encodeG1(point: G1Point): Hex {
  const { x, y } = point.toAffine();
  return encode(x, y);
}

/** @returns x.c0 ‖ x.c1 ‖ y.c0 ‖ y.c1: 256 bytes. */
export function encodeG2(point: G2Point): Hex {
  const { x, y } = point.toAffine();
  return encode(x.c0, x.c1, y.c0, y.c1);
}

/** @throws TallyError INPUT_INVALID where `text` is not a point of the subgroup, or is infinity. */
export function decodeG1(text: Hex, name: string): G1Point {
  const [x, y] = decode(text, 2, name) as [bigint, bigint];
  return checked(name, () => G1.Point.fromAffine({ x, y }));
}

/** @throws TallyError INPUT_INVALID where `text` is not a point of the subgroup, or is infinity. */
export function decodeG2(text: Hex, name: string): G2Point {
  const [x0, x1, y0, y1] = decode(text, 4, name) as [bigint, bigint, bigint, bigint];
  return checked(name, () => G2.Point.fromAffine({ x: fields.Fp2.create({ c0: x0, c1: x1 }), y: fields.Fp2.create({ c0: y0, c1: y1 }) }));
}

function checked<P extends { assertValidity(): void; is0(): boolean }>(name: string, make: () => P): P {
  let point: P;
  try {
    point = make();
    // On the curve and in the subgroup; some versions of the library let infinity pass.
    point.assertValidity();
  } catch {
    throw notAPoint(name);
  }
  if (point.is0()) throw notAPoint(name);
  return point;
}

function notAPoint(name: string): TallyError {
  return new TallyError('INPUT_INVALID', `${name} is not a point of BLS12-381 that may be used.`, { name });
}
