import { addressOfSecretKey, donatedKeyHash, donationDigest, fromHex, limitChangeDigest, signDigest } from '@tallystick/core';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { randomHex } from '#ground/ids';
import type { Credentials } from '../donors/donor-auth.ts';
import { DOMAIN, giftOf, newDonor, openWorld, REFUSED, type World } from '../testing.ts';
import type { Gift } from './input.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

const newWallet = () => fromHex(`0x${randomHex(32)}`);

function signed(gift: Gift, key: Uint8Array): Credentials {
  const { provider, apiKey, tokens, minutes, expiry, countConsent, holdSettle, keepExhaustedMs } = gift;
  const donor = addressOfSecretKey(key);
  const nonce = `0x${randomHex(32)}` as const;
  const deadline = world.clock.wallMs() + 60_000;
  const given = { donor, provider: provider.name, keyHash: donatedKeyHash(apiKey), tokens: BigInt(tokens), minutes, expiry };
  const digest = donationDigest({ ...given, countConsent, holdSettle, keepExhaustedMs, nonce, deadline }, DOMAIN);
  return { token: null, wallet: { donor, nonce, deadline, signature: signDigest(digest, key) } };
}

it('an expiry that was brought forward stays so when the limit is lowered after it', async () => {
  const { credentials } = await newDonor(world);
  const { id } = await world.donations.give(giftOf(world), credentials);
  const expiry = world.clock.wallMs() + 5_000;
  await world.donations.life.lower(id, { limit: 500n, expiry, seq: null, signature: null });
  await world.donations.life.lower(id, { limit: 100n, expiry: 0, seq: null, signature: null });
  await expect(world.donations.life.lower(id, { limit: 50n, expiry: expiry + 60_000, seq: null, signature: null })).rejects.toMatchObject({
    code: 'LIMIT_INVALID',
  });
  world.clock.advance(5_000);
  await world.donations.check(id);
  expect((await world.donations.stores.donations.existing(id)).value.end).toMatchObject({ as: 'expired' });
});

it.each(['0Xabcdef', ' 0x12', 'account:019a0000', 'Account:019a0000'])('a label cannot look like an identity: %s', (label) => {
  expect(() => giftOf(world, { donor_address: label })).toThrow(expect.objectContaining({ code: 'INPUT_INVALID' }));
});

it('who has not signed a lowering learns nothing of the donation', async () => {
  const key = newWallet();
  const gift = giftOf(world);
  const { id } = await world.donations.give(gift, signed(gift, key));
  for (const [seq, limit] of [
    [1, 99_999],
    [7, 10],
  ] as const) {
    const signature = signDigest(limitChangeDigest({ id, seq, limit: BigInt(limit), expiry: 0 }, DOMAIN), newWallet());
    await expect(world.donations.life.lower(id, { limit: BigInt(limit), expiry: 0, seq, signature })).rejects.toMatchObject({
      code: 'SIGNATURE_INVALID',
      facts: {},
    });
  }
});

it('wallets without number give no more keys a minute than all of them together may; accounts are not kept out', async () => {
  world.state.probe = () => REFUSED;
  const give = async () => {
    const gift = giftOf(world);
    return world.donations.give(gift, signed(gift, newWallet()));
  };
  for (let i = 0; i < 60; i += 1) await give();
  await expect(give()).rejects.toMatchObject({ code: 'DONATION_TOO_SOON', facts: { retry_after_s: expect.any(Number) } });
  const { credentials } = await newDonor(world);
  await world.donations.give(giftOf(world), credentials);
  world.clock.advance(60_000);
  await give();
});
