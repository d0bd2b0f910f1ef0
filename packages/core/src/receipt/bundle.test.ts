import { expect, test } from 'vitest';
import { fromHex } from '../crypto/hex.ts';
import { addressOfSecretKey, signDigest } from '../crypto/secp256k1.ts';
import { detailHash } from '../jcs.ts';
import { priceOf } from '../tariff/price.ts';
import { tariffId, tariffOf } from '../tariff/tariff.ts';
import { encodeBundle } from './bundle-encode.ts';
import { verifyBundle } from './bundle-verify.ts';
import { groupDigest, groupOf, groupTree } from './group.ts';
import { laneId } from './lane.ts';
import { proveLeaf } from './merkle-proof.ts';
import { fill, SAMPLE_DOMAIN, sampleReceipt } from './sample.ts';

const KEY = fromHex(fill(0x42));
const LANE = { gatewayId: fill(0x61), index: 3 };
const DETAIL = { model: 'sandbox-exact', held: 900, cut: false, note: 'naïve €' };
const TARIFF = tariffOf(1, [
  { unit: 1, price: 5n, per: 2n },
  { unit: 5, price: 10n, per: 1n },
]);

const priced = priceOf(
  [
    { unit: 1, quantity: 3n },
    { unit: 5, quantity: 7n },
  ],
  TARIFF,
);
const receipts = [40n, 41n, 42n].map((seq) =>
  sampleReceipt({ ...priced, seq, laneId: laneId(SAMPLE_DOMAIN, LANE), tariffId: tariffId(TARIFF), detailHash: detailHash(DETAIL) }),
);
const tree = groupTree(receipts);
const signature = signDigest(groupDigest(groupOf(tree), SAMPLE_DOMAIN), KEY);
const group = { ...groupOf(tree), domain: SAMPLE_DOMAIN, lane: LANE, signature, signer: addressOfSecretKey(KEY) };

function bundleOf(index: number) {
  const receipt = receipts[index];
  if (receipt === undefined) throw new Error('no such sample');
  return encodeBundle({ receipt, detail: DETAIL, tariff: TARIFF, group, proof: proveLeaf(tree, index) });
}

test.each([0, 1, 2])('the bundle of receipt %i verifies from its text alone', (index) => {
  const verdict = verifyBundle(JSON.stringify(bundleOf(index)), { signer: addressOfSecretKey(KEY).toUpperCase().replace('X', 'x') });
  expect(verdict.checks.filter(({ ok }) => !ok)).toEqual([]);
  expect(verdict.checks.map(({ name }) => name)).toEqual([
    'format',
    'detail',
    'hash',
    'amount',
    'tariff',
    'lane',
    'position',
    'path',
    'signature',
    'signer',
  ]);
  expect(verdict.ok).toBe(true);
  expect(verdict.bundle?.receipt).toEqual(receipts[index]);
});

test('another signer than the expected one fails, and only there', () => {
  const verdict = verifyBundle(bundleOf(0), { signer: `0x${'11'.repeat(20)}` });
  expect(verdict.checks.filter(({ ok }) => !ok).map(({ name }) => name)).toEqual(['signer']);
  expect(() => verifyBundle(bundleOf(0), { signer: 'me' })).toThrow(/address/);
});

/** Every leaf of the JSON, with a way to put another value in its place. */
function leavesOf(value: unknown, path: readonly (string | number)[] = []): readonly (readonly (string | number)[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([key, member]) => leavesOf(member, [...path, key]));
}

function withChanged(text: string, path: readonly (string | number)[]): unknown {
  const root = JSON.parse(text) as Record<string | number, unknown>;
  let at = root;
  for (const key of path.slice(0, -1)) at = at[key] as typeof at;
  const last = path.at(-1) as string;
  at[last] = changed(at[last]);
  return root;
}

/** The smallest change that keeps the type: another last digit, the next number, the other truth. */
function changed(value: unknown): unknown {
  if (typeof value === 'number') return value === 0 ? 1 : value - 1;
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'string') return value.slice(0, -1) + (value.endsWith('1') ? '2' : '1');
  return 'x';
}

test('no value in a bundle can be changed without a check failing', () => {
  const text = JSON.stringify(bundleOf(1));
  const paths = leavesOf(JSON.parse(text));
  expect(paths.length).toBeGreaterThan(60);
  for (const path of paths) expect([path.join('.'), verifyBundle(withChanged(text, path)).ok]).toEqual([path.join('.'), false]);
});

test('members that no check covers are refused, wherever they stand', () => {
  const text = JSON.stringify(bundleOf(1));
  for (const place of [
    '"receipt":{',
    '"group":{',
    '"domain":{',
    '"lane":{',
    '"proof":{',
    '"tariff":{',
    '"detail":{',
    '{"unit":1,',
    '{"hash":',
    '{"format":',
  ]) {
    expect(text).toContain(place);
    for (const extra of ['"extra":1,', '"__proto__":{"a":1},']) {
      const open = place.indexOf('{') + 1;
      const planted = text.replace(place, place.slice(0, open) + extra + place.slice(open));
      expect([place, extra, verifyBundle(planted).ok]).toEqual([place, extra, false]);
    }
  }
});

test.each(['', 'null', '[]', '{}', '{', '"x"', '1', 'x'.repeat(300_000), '[{"format":"tallystick-receipt/1"}]'])(
  'rubbish is refused, not thrown',
  (text) => {
    const verdict = verifyBundle(text);
    expect(verdict).toMatchObject({ ok: false, bundle: null });
    expect(verdict.checks).toHaveLength(1);
  },
);

test('numbers have one spelling: no leading zero, sign, fraction or JSON number', () => {
  for (const spelling of ['041', '+41', '41.0', ' 41', '0x29', '', 41]) {
    const bundle = bundleOf(1);
    expect(verifyBundle({ ...bundle, receipt: { ...bundle.receipt, seq: spelling } }).ok).toBe(false);
  }
});

test('a tariff may be left out, a false one may not be put in', () => {
  expect(verifyBundle({ ...bundleOf(0), tariff: null }).ok).toBe(true);
  const other = { ...bundleOf(0).tariff, version: 2 };
  expect(verifyBundle({ ...bundleOf(0), tariff: other }).ok).toBe(false);
});
