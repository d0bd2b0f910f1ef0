/**
 * Golden vectors of everything that is hashed by other means than EIP-712: lanes, Merkle-sum trees, canonical JSON, content hashes, prices,
 * and one whole bundle. Packed preimages are made a second time with viem. Frozen like those of EIP-712; `vitest -u` rewrites them.
 */
import { encodeAbiParameters, encodePacked, hexToBytes, keccak256, stringToHex, sha256 as viemSha256 } from 'viem';
import { expect, test } from 'vitest';
import { concat, utf8 } from '../crypto/bytes.ts';
import { fromHex, toHex } from '../crypto/hex.ts';
import { addressOfSecretKey, signDigest } from '../crypto/secp256k1.ts';
import { hmacSha256 } from '../crypto/sha256.ts';
import { canonicalJson, detailHash } from '../jcs.ts';
import { boundAmount } from '../tariff/bound-amount.ts';
import { priceOf } from '../tariff/price.ts';
import { tariffId, tariffOf } from '../tariff/tariff.ts';
import { encodeBundle } from './bundle-encode.ts';
import { verifyBundle } from './bundle-verify.ts';
import { contentSalt, pseudonym, requestHash, responseHash, responseTrailer, saltKeyOf } from './content-hash.ts';
import { groupDigest, groupOf, groupTree } from './group.ts';
import { laneId, placeholderDomain } from './lane.ts';
import { proveLeaf } from './merkle-proof.ts';
import { buildSumTree, type SumLeaf, type SumNode } from './merkle-sum.ts';
import { fill, SAMPLE_DOMAIN, sampleReceipt } from './sample.ts';
import type { Hex } from './types.ts';

const KEY = fill(0x42);
const pretty = (value: unknown) =>
  `${JSON.stringify(value, (_, member) => (typeof member === 'bigint' ? member.toString() : member), 2)}\n`;
const frozenAs = (name: string, value: unknown) => expect(pretty(value)).toMatchFileSnapshot(`../../vectors/${name}.json`);

test('lanes', async () => {
  const domains = [
    SAMPLE_DOMAIN,
    { chainId: 2n ** 256n - 1n, verifyingContract: `0x${'ff'.repeat(20)}` as Hex },
    placeholderDomain(fill(9)),
  ];
  const lanes = domains.flatMap((domain) =>
    [0, 1, 2 ** 32 - 1].map((index) => {
      const id = laneId(domain, { gatewayId: fill(0x61), index });
      const words = [{ type: 'uint256' }, { type: 'address' }, { type: 'bytes32' }, { type: 'uint256' }] as const;
      const again = encodeAbiParameters(words, [domain.chainId, domain.verifyingContract, fill(0x61), BigInt(index)]);
      expect(id).toBe(keccak256(again));
      return { domain, gatewayId: fill(0x61), index, laneId: id };
    }),
  );
  const placeholder = { genesis: fill(9), domain: placeholderDomain(fill(9)) };
  const hash = keccak256(encodePacked(['string', 'bytes32'], ['tallystick/v1/placeholder', fill(9)]));
  expect(placeholder.domain.verifyingContract).toBe(`0x${hash.slice(26)}`);
  await frozenAs('lane', { placeholder, lanes });
});

/** The tree by its definition, recursively and with viem's packing. */
function topOf(nodes: readonly SumNode[]): SumNode {
  if (nodes.length === 1) return nodes[0] as SumNode;
  const above: SumNode[] = [];
  for (let i = 0; i < nodes.length; i += 2) {
    const [left, right] = [nodes[i] as SumNode, nodes[i + 1]];
    if (right === undefined) above.push(left);
    else {
      const types = ['uint8', 'bytes32', 'uint128', 'bytes32', 'uint128'] as const;
      above.push({ hash: keccak256(encodePacked(types, [1, left.hash, left.sum, right.hash, right.sum])), sum: left.sum + right.sum });
    }
  }
  return topOf(above);
}

test('Merkle-sum trees', async () => {
  const leafOf = (i: number): SumLeaf => ({ receiptHash: fill(i + 1), amount: BigInt(i) * 1_000n });
  const trees = [1, 2, 3, 4, 5, 7, 8, 13].map((count) => Array.from({ length: count }, (_, i) => leafOf(i)));
  const edges: readonly SumLeaf[][] = [
    [0, 1, 2].map((i) => ({ receiptHash: fill(i), amount: 0n })),
    [
      { receiptHash: fill(0xff), amount: 2n ** 128n - 2n },
      { receiptHash: fill(0xff), amount: 1n },
    ],
  ];
  const frozen = [...trees, ...edges].map((leaves, i) => {
    const seqFrom = i === 1 ? 2n ** 64n - 2n : 100n;
    const tree = buildSumTree(fill(0x77), seqFrom, leaves);
    const bottom = leaves.map(({ receiptHash, amount }) => ({
      hash: keccak256(encodePacked(['uint8', 'bytes32', 'uint128'], [0, receiptHash, amount])),
      sum: amount,
    }));
    const top = topOf(bottom);
    const rootTypes = ['uint8', 'bytes32', 'uint128', 'uint32', 'bytes32', 'uint64'] as const;
    expect(tree.top).toBe(top.hash);
    expect(tree.root).toBe(keccak256(encodePacked(rootTypes, [2, top.hash, top.sum, leaves.length, fill(0x77), seqFrom])));
    const { root, total, count, laneId: lane } = tree;
    const proofs = leaves.map((_, index) => proveLeaf(tree, index));
    return { laneId: lane, seqFrom, leaves, top: tree.top, total, count, root, proofs };
  });
  await frozenAs('merkle-sum', { trees: frozen });
});

test('canonical JSON', async () => {
  const values = [
    {},
    { b: 2, a: 1 },
    { nested: { z: [1, 'two', null, true, [], {}], a: -9_007_199_254_740_991 } },
    {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '\ud83d\ude00': 'Emoji',
      '\u0080': 'Control',
    },
    { text: '\u0000\u001f\u007f"\\/\b\f\n\r\t\u2028€😀' },
  ];
  const cases = values.map((value) => {
    expect(detailHash(value)).toBe(keccak256(stringToHex(canonicalJson(value))));
    return { value, canonical: canonicalJson(value), keccak256: detailHash(value) };
  });
  await frozenAs('canonical-json', { cases });
});

test('content hashes and pseudonyms', async () => {
  // HMAC-SHA-256: RFC 4231, test case 2.
  expect(toHex(hmacSha256(utf8('Jefe'), utf8('what do ya want for nothing?')))).toBe(
    '0x5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  );
  const virtualKey = 'tally-sk-0123456789abcdef';
  const saltKey = saltKeyOf(virtualKey);
  const callId = fill(1);
  const salts = { request: contentSalt(saltKey, callId, 'request'), response: contentSalt(saltKey, callId, 'response') };
  const bodies = ['', '{"model":"m","messages":[]}', 'data: {"x":"€"}\n\n'].map((text) => {
    const bytes = utf8(text);
    const complete = responseHash(saltKey, callId, bytes, true);
    const request = requestHash(saltKey, callId, bytes);
    expect(request).toBe(viemSha256(concat(salts.request, bytes)));
    expect(complete).toBe(viemSha256(concat(salts.response, bytes, responseTrailer(bytes.length, true))));
    return { text, requestHash: request, responseHashComplete: complete, responseHashCut: responseHash(saltKey, callId, bytes, false) };
  });
  const key = fill(0x2a);
  const ids = [
    ['source', 'src_1'],
    ['tenant', 'src_1'],
    ['', ''],
    ['provider', 'naïve-€'],
  ] as const;
  const pseudonyms = ids.map(([purpose, id]) => ({ purpose, id, pseudonym: pseudonym(hexToBytes(key), purpose, id) }));
  const salt = { request: toHex(salts.request), response: toHex(salts.response) };
  await frozenAs('content-hash', { virtualKey, saltKey: toHex(saltKey), callId, salt, bodies, pseudonymKey: key, pseudonyms });
});

test('prices', async () => {
  const tariff = tariffOf(7, [
    { unit: 1, price: 2_500_000n, per: 1_000_000n },
    { unit: 2, price: 1_250_000n, per: 1_000_000n },
    { unit: 5, price: 10_000_000n, per: 3_000_000n },
  ]);
  const usages = [
    [],
    [{ unit: 1, quantity: 1n }],
    [
      { unit: 1, quantity: 3n },
      { unit: 2, quantity: 3n },
      { unit: 5, quantity: 3n },
      { unit: 6, quantity: 1n },
    ],
  ];
  const priced = usages.map((quantities) => ({ quantities, ...priceOf(quantities, tariff) }));
  const bounds = [0n, 1n, 2n, 5n, 6n, 7n, 100_000n].map((tokens) => ({ tokens, amount: boundAmount(tariff, tokens) }));
  await frozenAs('price', { tariff, tariffId: tariffId(tariff), priced, bounds });
});

test('a bundle', async () => {
  const lane = { gatewayId: fill(0x61), index: 0 };
  const domain = placeholderDomain(fill(9));
  const detail = { model: 'sandbox-exact', endpoint: 'chat', held: 900, proof: 'bytes', complete: true };
  const tariff = tariffOf(1, [
    { unit: 1, price: 5n, per: 2n },
    { unit: 5, price: 10n, per: 1n },
  ]);
  const priced = priceOf(
    [
      { unit: 1, quantity: 3n },
      { unit: 5, quantity: 7n },
    ],
    tariff,
  );
  const fixed = { ...priced, mode: 1, laneId: laneId(domain, lane), tariffId: tariffId(tariff), detailHash: detailHash(detail) } as const;
  const receipts = [0n, 1n, 2n].map((seq) => sampleReceipt({ ...fixed, seq }));
  const tree = groupTree(receipts);
  const signature = signDigest(groupDigest(groupOf(tree), domain), fromHex(KEY));
  const group = { ...groupOf(tree), domain, lane, signature, signer: addressOfSecretKey(fromHex(KEY)) };
  const bundle = encodeBundle({ receipt: sampleReceipt({ ...fixed, seq: 1n }), detail, tariff, group, proof: proveLeaf(tree, 1) });
  expect(verifyBundle(pretty(bundle), { signer: group.signer }).ok).toBe(true);
  await frozenAs('bundle', bundle);
});
