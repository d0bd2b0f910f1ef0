/** Ids of channels and locks, against viem; the struct hashes of both types stand in `receipt/eip712-vectors.test.ts`. */
import { encodeAbiParameters, hashTypedData, keccak256, parseAbiParameters } from 'viem';
import { expect, test } from 'vitest';
import { fill, SAMPLE_DOMAIN } from '../receipt/sample.ts';
import { voucherHash } from '../receipt/settlement.ts';
import { type Hex, ZERO_32 } from '../receipt/types.ts';
import { type ChannelConfig, channelIdOf, lockIdOf } from './channel.ts';

const CONFIG: ChannelConfig = {
  tenant: `0x${'a1'.repeat(20)}`,
  payerAuthorizer: `0x${'a2'.repeat(20)}`,
  providerId: fill(0x0a),
  ceiling: 50_000_000n,
  validUntil: 1_798_761_600n,
  withdrawDelay: 86_400,
  salt: fill(0x5a),
};
const TYPES = {
  ChannelConfig: [
    { name: 'tenant', type: 'address' },
    { name: 'payerAuthorizer', type: 'address' },
    { name: 'providerId', type: 'bytes32' },
    { name: 'ceiling', type: 'uint128' },
    { name: 'validUntil', type: 'uint64' },
    { name: 'withdrawDelay', type: 'uint32' },
    { name: 'salt', type: 'bytes32' },
  ],
} as const;

test("a channel's id is the digest of its terms", () => {
  const domain = { name: 'Tallystick', version: '1', ...SAMPLE_DOMAIN };
  expect(channelIdOf(CONFIG, SAMPLE_DOMAIN)).toBe(hashTypedData({ domain, types: TYPES, primaryType: 'ChannelConfig', message: CONFIG }));
});

test('another chain, contract or term is another channel', () => {
  const changes: Partial<ChannelConfig>[] = [
    { tenant: CONFIG.payerAuthorizer },
    { payerAuthorizer: CONFIG.tenant },
    { providerId: fill(0x0b) },
    { ceiling: CONFIG.ceiling + 1n },
    { validUntil: CONFIG.validUntil + 1n },
    { withdrawDelay: CONFIG.withdrawDelay + 1 },
    { salt: fill(0x5b) },
  ];
  const ids = [
    channelIdOf(CONFIG, SAMPLE_DOMAIN),
    channelIdOf(CONFIG, { ...SAMPLE_DOMAIN, chainId: 1n }),
    channelIdOf(CONFIG, { ...SAMPLE_DOMAIN, verifyingContract: `0x${'c1'.repeat(20)}` }),
    ...changes.map((change) => channelIdOf({ ...CONFIG, ...change }, SAMPLE_DOMAIN)),
  ];
  expect(new Set(ids).size).toBe(ids.length);
});

test('a term out of its range is refused', () => {
  const wrong: Partial<ChannelConfig>[] = [
    { tenant: '0x00' },
    { ceiling: 2n ** 128n },
    { validUntil: -1n },
    { withdrawDelay: 2 ** 32 },
    { withdrawDelay: 0.5 },
    { salt: '0x' },
  ];
  for (const change of wrong) {
    expect(() => channelIdOf({ ...CONFIG, ...change }, SAMPLE_DOMAIN)).toThrow(expect.objectContaining({ code: 'INPUT_INVALID' }));
  }
});

test('locks are accounts of their own', async () => {
  const ids: readonly [Hex, Hex][] = [
    [fill(1), fill(2)],
    [fill(2), fill(1)],
    [fill(0xff), fill(0xff)],
    [channelIdOf(CONFIG, SAMPLE_DOMAIN), ZERO_32],
  ];
  const locks = ids.map(([channelId, jobId]) => {
    const lockId = lockIdOf(channelId, jobId);
    expect(lockId).toBe(keccak256(encodeAbiParameters(parseAbiParameters('bytes32, bytes32'), [channelId, jobId])));
    // A voucher on the lock is none on the channel.
    expect(voucherHash({ channelId: lockId, maxClaimableAmount: 1n })).not.toBe(voucherHash({ channelId, maxClaimableAmount: 1n }));
    return { channelId, jobId, lockId };
  });
  await expect(`${JSON.stringify({ locks }, undefined, 2)}\n`).toMatchFileSnapshot('../../vectors/lock.json');
});
