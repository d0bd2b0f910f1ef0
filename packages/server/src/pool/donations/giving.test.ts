import {
  addressOfSecretKey,
  donatedKeyHash,
  donationDigest,
  fromHex,
  type Hex,
  limitChangeDigest,
  signDigest,
  verifyDonation,
} from '@tallystick/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Credentials } from '../donors/donor-auth.ts';
import { Crash, DOMAIN, giftOf, newDonor, openWorld, REFUSED, type Step, unclear, WORKS, type World } from '../testing.ts';
import type { Gift } from './input.ts';

const KEY = fromHex(`0x${'17'.repeat(32)}`);
const WALLET = addressOfSecretKey(KEY);

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

let nonces = 0;
function signed(gift: Gift, more: { nonce?: Hex; deadline?: number; tokens?: number } = {}): Credentials {
  nonces += 1;
  const nonce = more.nonce ?? (`0x${nonces.toString(16).padStart(64, '0')}` as const);
  const deadline = more.deadline ?? world.clock.wallMs() + 60_000;
  const { provider, apiKey, tokens, minutes, expiry, countConsent, holdSettle, keepExhaustedMs } = gift;
  const terms = {
    donor: WALLET,
    provider: provider.name,
    keyHash: donatedKeyHash(apiKey),
    tokens: BigInt(more.tokens ?? tokens),
    minutes,
    expiry,
  };
  const digest = donationDigest({ ...terms, countConsent, holdSettle, keepExhaustedMs, nonce, deadline }, DOMAIN);
  return { token: null, wallet: { donor: WALLET, nonce, deadline, signature: signDigest(digest, KEY) } };
}

describe('a gift', () => {
  it('is tried with no more than that may cost, and then has its whole cap', async () => {
    const { credentials, donor } = await newDonor(world);
    const { id, state, value } = await world.donations.give(giftOf(world, { donated_minutes: 2, donor_address: 'XAI7f3a' }), credentials);
    expect({ state, donor: value.donor, label: value.label, simulated: value.simulated }).toEqual({
      ...{ state: 'active', donor, label: 'XAI7f3a', simulated: true },
    });
    expect(world.probes).toEqual([{ sourceId: id, limit: 5n }]);
    expect(await world.ledger.account(id)).toMatchObject({ limit: 1000n, ceiling: 1000n, state: 'active' });
    const row = (await world.ledger.sources()).find((source) => source.id === id);
    expect(row).toMatchObject({ pool: true, groups: ['pool', 'pool/sandbox'], mode: 1, settle: 'metered' });
    expect(await world.ledger.account(row?.minutesAccountId ?? '')).toMatchObject({ asset: 'ms', limit: 120_000n });
    expect(verifyDonation((await world.donations.view(await world.donations.owned(id, donor)))['donation_receipt'])).toMatchObject({
      ok: true,
    });
    expect(world.served.has(id)).toBe(true);
  });

  it('by a wallet needs exactly its signature, once', async () => {
    const gift = giftOf(world);
    const good = signed(gift);
    for (const [bad, code] of [
      [signed(gift, { tokens: 1001 }), 'SIGNATURE_INVALID'],
      [signed(gift, { deadline: world.clock.wallMs() }), 'SIGNATURE_INVALID'],
      [signed(gift, { deadline: world.clock.wallMs() + 600_001 }), 'SIGNATURE_INVALID'],
      [{ token: null, wallet: null }, 'SIGNATURE_INVALID'],
      [{ token: 'dn_unknown', wallet: null }, 'FORBIDDEN'],
      [{ ...good, token: 'dn_unknown' }, 'INPUT_INVALID'],
    ] as const) {
      await expect(world.donations.give(gift, bad)).rejects.toMatchObject({ code });
    }
    const { id, value } = await world.donations.give(gift, good);
    expect(value.donor).toBe(WALLET);
    expect(world.vault.list().find((meta) => meta.id === id)).toMatchObject({ donor: WALLET, ceiling: 1000n });
    world.clock.advance(60_000);
    const again = giftOf(world);
    await expect(
      world.donations.give(again, signed(again, { nonce: good.wallet?.nonce as Hex, deadline: world.clock.wallMs() + 1 })),
    ).rejects.toMatchObject({
      code: 'NONCE_USED',
    });
  });

  it('says who gives by its signature alone', async () => {
    const { credentials } = await newDonor(world);
    const other = giftOf(world, { donor_address: `0x${'ab'.repeat(20)}` });
    await expect(world.donations.give(other, credentials)).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
    expect(await world.donations.list(null)).toEqual([]);
  });

  it('is taken once a minute from each donor, and each key once, also where all come at once', async () => {
    const { credentials } = await newDonor(world);
    const same = giftOf(world);
    const others = await Promise.all([newDonor(world), newDonor(world), newDonor(world)]);
    const results = await Promise.allSettled(others.map(async (each) => world.donations.give(same, each.credentials)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of results) if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'DONATION_DUPLICATE' });
    const both = await Promise.allSettled([giftOf(world), giftOf(world)].map((gift) => world.donations.give(gift, credentials)));
    expect(both.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(both.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'DONATION_TOO_SOON' } });
    await world.restart();
    world.clock.advance(59_000);
    await expect(world.donations.give(giftOf(world), credentials)).rejects.toMatchObject({
      code: 'DONATION_TOO_SOON',
      facts: { retry_after_s: 1 },
    });
    world.clock.advance(1_000);
    await expect(world.donations.give(giftOf(world), credentials)).resolves.toMatchObject({ state: 'active' });
  });
});

describe('a key', () => {
  it('that its provider refuses is destroyed at once, and may be given again', async () => {
    const { credentials } = await newDonor(world);
    world.state.probe = () => REFUSED;
    const gift = giftOf(world);
    const { id, state, value } = await world.donations.give(gift, credentials);
    expect({ state, as: value.end?.as }).toEqual({ state: 'destroyed', as: 'rejected' });
    expect(world.vault.has(id)).toBe(false);
    expect(await world.ledger.account(id)).toMatchObject({ state: 'destroyed' });
    expect(value.destruction?.auditSeq).toEqual(expect.any(Number));
    world.clock.advance(60_000);
    world.state.probe = () => WORKS;
    expect((await world.donations.give(gift, credentials)).state).toBe('active');
  });

  it('of which nothing is known is tried again, ever more seldom, over restarts, for a day', async () => {
    const { credentials } = await newDonor(world);
    world.state.probe = () => unclear();
    const { id, state } = await world.donations.give(giftOf(world, { donated_tokens: 1000 }), credentials);
    expect(state).toBe('pending_validation');
    const attempts = async () => (await world.donations.stores.donations.existing(id)).value.validation.attempts;
    await world.donations.validate(id);
    expect(await attempts()).toBe(1);
    for (const wait of [5_000, 15_000, 60_000]) {
      world.clock.advance(wait - 1);
      await world.donations.validate(id);
      const before = await attempts();
      world.clock.advance(1);
      await (await world.restart()).validate(id);
      expect(await attempts()).toBe(before + 1);
    }
    world.clock.advance(86_400_000);
    await world.donations.validate(id);
    expect((await world.donations.stores.donations.existing(id)).value.end).toMatchObject({
      as: 'rejected',
      reason: expect.stringContaining('day'),
    });
  });

  it('is tried by at most eight at a time', async () => {
    const donors = await Promise.all(Array.from({ length: 12 }, () => newDonor(world)));
    let [now, most] = [0, 0];
    const { promise: full, resolve: isFull } = Promise.withResolvers<void>();
    world.state.probe = async () => {
      now += 1;
      most = Math.max(most, now);
      if (now === 8) isFull();
      await full;
      // Those that wait have come by then.
      await new Promise((resolve) => setTimeout(resolve, 300));
      now -= 1;
      return WORKS;
    };
    await Promise.all(donors.map(({ credentials }) => world.donations.give(giftOf(world), credentials)));
    expect(most).toBe(8);
  });

  it('whose limit is lowered while it is tried never has more than that', async () => {
    const { credentials, donor } = await newDonor(world);
    let lowered: unknown = null;
    world.state.probe = async (id) => {
      lowered = await world.donations.life.lower(id, { limit: 400n, expiry: 0, seq: null, signature: null });
      await world.donations.life.pause(id, 'donor');
      return WORKS;
    };
    const { id, state } = await world.donations.give(giftOf(world), credentials);
    expect([state, (lowered as { state: string }).state]).toEqual(['paused', 'pending_validation']);
    expect(await world.ledger.account(id)).toMatchObject({ limit: 400n, state: 'paused' });
    expect(world.vault.limits(id).limit).toBe(400n);
    expect((await world.donations.owned(id, donor)).value.pausedBy).toEqual(['donor']);
  });
});

describe('a crash while a key is taken', () => {
  it.each<Step>(['audit adding', 'seal', 'add source', 'serve'])(
    'before %s leaves nothing that could be used, or a donation that goes on',
    async (step) => {
      const { credentials } = await newDonor(world);
      world.state.crashAt = step;
      const gift = giftOf(world);
      await expect(world.donations.give(gift, credentials)).rejects.toThrow(Crash);
      const donations = await world.restart();
      await donations.start();
      const [stored] = await donations.stores.donations.list({ limit: 10 });
      const id = stored?.id ?? '';
      if (step === 'serve') {
        await donations.validate(id);
        expect((await donations.stores.donations.existing(id)).state).toBe('active');
        return;
      }
      expect(stored).toMatchObject({ state: 'destroyed', value: { end: { as: 'rejected' } } });
      expect([world.vault.list(), await world.ledger.account(id)]).toEqual([[], null]);
      // Nobody was told that it was taken: it may be given again, after the pace.
      world.clock.advance(60_000);
      expect((await donations.give(gift, credentials)).state).toBe('active');
    },
  );

  it('a donated key without a donation is destroyed', async () => {
    const { credentials } = await newDonor(world);
    const { id } = await world.donations.give(giftOf(world), credentials);
    const stored = await world.donations.stores.donations.existing(id);
    await world.ledger.writeRecords([world.donations.stores.donations.removing(stored)]);
    await (await world.restart()).start();
    expect(world.vault.has(id)).toBe(false);
    expect(await world.ledger.account(id)).toMatchObject({ state: 'destroyed', stateReason: 'it has no donation' });
  });
});

describe('lowering', () => {
  it('by a wallet is by its signed word, which the vault keeps', async () => {
    const gift = giftOf(world);
    const { id } = await world.donations.give(gift, signed(gift));
    const sign = (seq: number, limit: bigint, expiry = 0) => ({
      ...{ limit, expiry, seq },
      signature: signDigest(limitChangeDigest({ id, seq, limit, expiry }, DOMAIN), KEY),
    });
    const { life } = world.donations;
    await expect(life.lower(id, { ...sign(1, 900n), limit: 800n })).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
    await expect(life.lower(id, { ...sign(1, 900n), signature: null })).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
    await expect(life.lower(id, sign(1, 1001n))).rejects.toMatchObject({ code: 'LIMIT_INVALID' });
    await life.lower(id, sign(1, 900n));
    await expect(life.lower(id, sign(1, 900n))).rejects.toMatchObject({ code: 'SIGNATURE_INVALID', facts: { seq: 2 } });
    await expect(life.lower(id, sign(2, 901n))).rejects.toMatchObject({ code: 'LIMIT_INVALID' });
    expect(world.vault.limits(id)).toMatchObject({ limit: 900n, seq: 1 });
    expect((await world.ledger.account(id))?.limit).toBe(900n);
    expect(world.vault.auditVerify()).toEqual([]);
  });
});
