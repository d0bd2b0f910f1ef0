/** BLS against known answers from elsewhere, and its golden vectors: the contracts check the same file with the precompiles of EIP-2537. */
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { expect, test } from 'vitest';
import { fill } from '../receipt/sample.ts';
import type { Hex } from '../receipt/types.ts';
import {
  blsAggregate,
  blsEncodeProof,
  blsHashToG2,
  blsPossession,
  blsPublicKey,
  blsSecretKey,
  blsSign,
  blsVerify,
  blsVerifyPossession,
  blsVerifyProof,
} from './bls.ts';
import { decodeG1, decodeG2, encodeG1 } from './bls-point.ts';
import { fromHex, toHex } from './hex.ts';

const { G1, G2, fields } = bls12_381;
const CHAIN = 31_337n;
const INFINITY_1: Hex = `0x${'00'.repeat(128)}`;
const INFINITY_2: Hex = `0x${'00'.repeat(256)}`;
const P = fields.Fp.ORDER;
const word = (value: bigint) => value.toString(16).padStart(128, '0');

const members = Array.from({ length: 5 }, (_, i) => {
  const seed = fill(0xb0 + i);
  const secretKey = blsSecretKey(fromHex(seed));
  const operator: Hex = `0x${`0${i + 1}`.repeat(20)}`;
  const possession = blsPossession(secretKey, { operator, chainId: CHAIN });
  return { seed, secretKey: toHex(secretKey), publicKey: blsPublicKey(secretKey), operator, possession };
});
const publicKeys = members.map(({ publicKey }) => publicKey);
const signAll = (digest: Hex) => members.map(({ secretKey }) => blsSign(digest, fromHex(secretKey)));
const proofOf = (partials: readonly Hex[], who: readonly number[]) => blsEncodeProof(who, blsAggregate(who.map((i) => partials[i] as Hex)));

/** The first points of the curves that are outside the subgroup, and values that are on no curve. */
function unusable() {
  let x = 0n;
  const g1 = () => {
    for (; ; x += 1n) {
      try {
        const point = G1.Point.fromAffine({ x, y: fields.Fp.sqrt(fields.Fp.create(x ** 3n + 4n)) });
        if (!point.isTorsionFree()) return point.toAffine();
      } catch {}
    }
  };
  const g2 = () => {
    for (let c0 = 0n; ; c0 += 1n) {
      const at = fields.Fp2.create({ c0, c1: 1n });
      const cube = fields.Fp2.mul(fields.Fp2.sqr(at), at);
      try {
        const y = fields.Fp2.sqrt(fields.Fp2.add(cube, fields.Fp2.create({ c0: 4n, c1: 4n })));
        const point = G2.Point.fromAffine({ x: at, y });
        if (!point.isTorsionFree()) return point.toAffine();
      } catch {}
    }
  };
  const one = g1();
  const two = g2();
  const g2Words = [two.x.c0, two.x.c1, two.y.c0, two.y.c1];
  return {
    g1OffSubgroup: `0x${word(one.x)}${word(one.y)}` as Hex,
    g1OffCurve: `0x${word(1n)}${word(1n)}` as Hex,
    g1AboveModulus: `0x${word(G1.Point.BASE.x + P)}${word(G1.Point.BASE.y)}` as Hex,
    g2OffSubgroup: `0x${g2Words.map(word).join('')}` as Hex,
    g2OffCurve: `0x${[1n, 1n, 1n, 1n].map(word).join('')}` as Hex,
  };
}

test('a secret key is that of EIP-2333, test case 0', () => {
  const seed: Hex =
    '0xc55257c360c07c72029aebc1b53c05ed0362ada38ead3e3e9efa3708e53495531f09a6987599d18264c1e1c92f2cf141630c7a3c4ab7c81b2f001698e7463b04';
  const known = 6083874454709270928345386274498605044986640685124978867557563392430687146096n;
  expect(BigInt(toHex(blsSecretKey(fromHex(seed))))).toBe(known);
  expect(() => blsSecretKey(new Uint8Array(31))).toThrow('at least 32 bytes');
});

test('what three of five signed verifies, and nothing else does', () => {
  const digest = fill(0x99);
  const proof = proofOf(signAll(digest), [0, 2, 4]);
  expect(blsVerifyProof(digest, publicKeys, proof)).toBe(0b10101);
  expect(blsVerifyProof(fill(0x98), publicKeys, proof)).toBe(0);
  expect(blsVerifyProof(digest, [...publicKeys].reverse().slice(0, 4), proof)).toBe(0);
  for (const mask of ['07', '1f', '00', '14', '35', 'zz']) expect(blsVerifyProof(digest, publicKeys, `0x${mask}${proof.slice(4)}`)).toBe(0);
  expect(blsVerifyProof(digest, publicKeys, `${proof}00`)).toBe(0);
  expect(blsVerifyProof(digest, publicKeys, proof.slice(0, -2) as Hex)).toBe(0);
});

test('a possession is worth something to its operator, key and chain only', () => {
  const [first, second] = members as [(typeof members)[0], (typeof members)[0]];
  const owner = { operator: first.operator, chainId: CHAIN };
  expect(blsVerifyPossession(first.publicKey, first.possession, owner)).toBe(true);
  expect(blsVerifyPossession(first.publicKey, first.possession, { ...owner, operator: second.operator })).toBe(false);
  expect(blsVerifyPossession(first.publicKey, first.possession, { ...owner, chainId: 1n })).toBe(false);
  expect(blsVerifyPossession(second.publicKey, first.possession, owner)).toBe(false);
  expect(blsVerifyPossession(INFINITY_1, INFINITY_2, owner)).toBe(false);
});

test('a key made from others’ keys signs for them, but has no proof of possession', () => {
  const secret = fromHex(fill(0x21));
  const rogue = encodeG1(
    G1.Point.BASE.multiply(BigInt(fill(0x21)))
      .subtract(decodeG1(publicKeys[0] as Hex, 'key'))
      .subtract(decodeG1(publicKeys[1] as Hex, 'key')),
  );
  const digest = fill(0x99);
  expect(blsVerify(digest, [publicKeys[0] as Hex, publicKeys[1] as Hex, rogue], blsSign(digest, secret))).toBe(true);
  const owner = { operator: `0x${'ee'.repeat(20)}` as Hex, chainId: CHAIN };
  expect(blsVerifyPossession(rogue, blsPossession(secret, owner), owner)).toBe(false);
});

test('points that may not be used are refused, as are values of another form', () => {
  const { g1OffSubgroup, g1OffCurve, g1AboveModulus, g2OffSubgroup, g2OffCurve } = unusable();
  for (const point of [g1OffSubgroup, g1OffCurve, g1AboveModulus, INFINITY_1]) {
    expect(() => decodeG1(point, 'key')).toThrow('not a point');
    expect(blsVerify(fill(1), [point], blsSign(fill(1), fromHex(fill(1))))).toBe(false);
  }
  for (const point of [g2OffSubgroup, g2OffCurve, INFINITY_2]) {
    expect(() => decodeG2(point, 'signature')).toThrow('not a point');
    expect(() => blsAggregate([point])).toThrow('not a point');
    expect(blsVerify(fill(1), publicKeys, point)).toBe(false);
  }
  expect(blsVerify(fill(1), [], blsSign(fill(1), fromHex(fill(1))))).toBe(false);
  expect(() => blsAggregate([])).toThrow('no signature');
  expect(() => blsSign(fill(1), new Uint8Array(32))).toThrow('not a key');
  expect(() => blsSign('0x00', fromHex(fill(1)))).toThrow('32 bytes');
  for (const who of [[], [5], [-1], [0.5], [1, 1]]) expect(() => blsEncodeProof(who, INFINITY_2)).toThrow();
});

test('golden vectors', async () => {
  const cases = [fill(0), fill(0x99), fill(0xff)].map((digest) => {
    const partials = signAll(digest);
    const proofs = [[0, 1, 2], [0, 2, 4], [2, 3, 4], [0, 1, 2, 3, 4], [1, 3], [4]].map((who) => {
      const proof = proofOf(partials, who);
      const mask = who.reduce((sum, i) => sum + 2 ** i, 0);
      expect(blsVerifyProof(digest, publicKeys, proof)).toBe(mask);
      return { mask, proof };
    });
    return { digest, hashToG2: blsHashToG2(digest), partials, proofs };
  });
  const vector = { chainId: CHAIN.toString(), members, cases, unusable: unusable() };
  await expect(`${JSON.stringify(vector, null, 2)}\n`).toMatchFileSnapshot('../../vectors/bls.json');
});
