import { expect, test } from 'vitest';
import { groupHash, groupOf, groupTree } from './group.ts';
import { laneId, placeholderDomain } from './lane.ts';
import { fill, SAMPLE_DOMAIN, sampleReceipt } from './sample.ts';

test('a group takes consecutive receipts of one lane and nothing else', () => {
  const receipts = [12n, 13n, 14n].map((seq) => sampleReceipt({ seq }));
  const group = groupOf(groupTree(receipts));
  expect(group).toMatchObject({ count: 3, seqFrom: 12n, seqTo: 14n, total: 3n * 4_840n });
  expect(() => groupTree([])).toThrow(/at least one/);
  expect(() => groupTree(receipts.toSpliced(1, 1))).toThrow(/consecutive/);
  expect(() => groupTree(receipts.with(2, sampleReceipt({ seq: 14n, laneId: fill(9) })))).toThrow(/one lane/);
});

test('a credit adds nothing to the total of charges', () => {
  const charge = sampleReceipt({ seq: 0n, amount: 10n });
  const credit = sampleReceipt({ seq: 1n, kind: 4, amount: 10n });
  expect(groupTree([charge, credit]).total).toBe(10n);
});

test('a group whose seqs and count disagree is not hashed', () => {
  const group = groupOf(groupTree([sampleReceipt()]));
  expect(groupHash(group)).toMatch(/^0x[0-9a-f]{64}$/);
  for (const bad of [{ seqTo: 13n }, { count: 2 }, { count: 0, seqTo: 11n }, { count: 1.5 }, { total: 2n ** 128n }]) {
    expect(() => groupHash({ ...group, ...bad })).toThrow();
  }
});

test('lanes differ by chain, contract, gateway and index; placeholders by genesis', () => {
  const lane = { gatewayId: fill(1), index: 0 };
  const ids = [
    laneId(SAMPLE_DOMAIN, lane),
    laneId({ ...SAMPLE_DOMAIN, chainId: 1n }, lane),
    laneId({ ...SAMPLE_DOMAIN, verifyingContract: `0x${'c1'.repeat(20)}` }, lane),
    laneId(SAMPLE_DOMAIN, { ...lane, gatewayId: fill(2) }),
    laneId(SAMPLE_DOMAIN, { ...lane, index: 1 }),
    laneId(placeholderDomain(fill(1)), lane),
    laneId(placeholderDomain(fill(2)), lane),
  ];
  expect(new Set(ids).size).toBe(ids.length);
  expect(() => laneId(SAMPLE_DOMAIN, { ...lane, index: 2 ** 32 })).toThrow(/index/);
});
