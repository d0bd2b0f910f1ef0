import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { addressOfSecretKey, donorActDigest, fromHex, type Hex, signDigest, TallyError } from '@tallystick/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DOMAIN, openWorld, type World } from '../testing.ts';
import type { Credentials, WalletWord } from './donor-auth.ts';
import { signingView } from './signing.ts';

const KEY = fromHex(`0x${'17'.repeat(32)}`);
const WALLET = addressOfSecretKey(KEY);

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

const anyone = async () => {};

let nonces = 0;
function word(act: string, subject: string, more: Partial<WalletWord> = {}): Credentials {
  nonces += 1;
  const nonce: Hex = `0x${nonces.toString(16).padStart(64, '0')}`;
  const deadline = more.deadline ?? world.clock.wallMs() + 60_000;
  const signature = signDigest(donorActDigest({ donor: WALLET, act, subject, nonce, deadline }, DOMAIN), KEY);
  return { token: null, wallet: { donor: WALLET, nonce, deadline, signature, ...more } };
}

describe('a donor’s account', () => {
  it('is known by its token, until it is revoked', async () => {
    const { accounts, auth } = world.donations;
    const made = await accounts.create('Ada');
    expect(made.token).toMatch(/^dn_[A-Za-z0-9_-]{43}$/);
    const credentials = { token: made.token, wallet: null };
    expect(await auth.actor(credentials, 'pause', 'd-1', anyone)).toBe(`account:${made.id}`);
    for (const token of [`${made.token}a`, made.token.slice(0, -1), `dn_${'A'.repeat(43)}`, ''])
      await expect(auth.actor({ token, wallet: null }, 'pause', 'd-1', anyone)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await accounts.revoke(made.id);
    expect(await accounts.revoke(made.id)).toMatchObject({ state: 'revoked' });
    await expect(auth.actor(credentials, 'pause', 'd-1', anyone)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(accounts.revoke('another')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect((await accounts.list()).map(({ name, state, hint }) => [name, state, hint])).toEqual([
      ['Ada', 'revoked', `${made.token.slice(0, 7)}…`],
    ]);
  });

  it('has its token nowhere on disk', async () => {
    const { token } = await world.donations.accounts.create('Ada');
    const files = readdirSync(world.folder, { recursive: true, encoding: 'utf8', withFileTypes: true }).filter((file) => file.isFile());
    expect(files.length).toBeGreaterThan(3);
    for (const { parentPath, name } of files) expect(readFileSync(join(parentPath, name)).includes(token), name).toBe(false);
  });
});

describe('a wallet', () => {
  it('is known by its signature over one act, which it says once', async () => {
    const { auth } = world.donations;
    const pausing = word('pause', 'd-1');
    expect(await auth.actor(pausing, 'pause', 'd-1', anyone)).toBe(WALLET);
    await expect(auth.actor(pausing, 'pause', 'd-1', anyone)).rejects.toMatchObject({ code: 'NONCE_USED' });
    await expect(auth.actor(word('pause', 'd-1'), 'resume', 'd-1', anyone)).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
    await expect(auth.actor(word('pause', 'd-1'), 'pause', 'd-2', anyone)).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
  });

  it('says it once, also where many hear it at the same time, and after a restart', async () => {
    const pausing = word('pause', 'd-1');
    const heard = await Promise.allSettled(Array.from({ length: 8 }, () => world.donations.auth.actor(pausing, 'pause', 'd-1', anyone)));
    expect(heard.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const { auth } = await world.restart();
    await expect(auth.actor(pausing, 'pause', 'd-1', anyone)).rejects.toMatchObject({ code: 'NONCE_USED' });
  });

  it('has used nothing up where the act is not for it', async () => {
    const { auth } = world.donations;
    const pausing = word('pause', 'd-1');
    const nobody = () => Promise.reject(new TallyError('NOT_FOUND'));
    await expect(auth.actor(pausing, 'pause', 'd-1', nobody)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await world.ledger.records('pool.nonce', { limit: 1 })).toEqual([]);
    expect(await auth.actor(pausing, 'pause', 'd-1', anyone)).toBe(WALLET);
  });

  it('may read until its signature’s deadline', async () => {
    const { auth } = world.donations;
    const reading = word('view', 'd-1');
    for (let i = 0; i < 3; i += 1) expect(await auth.reader(reading, 'view', 'd-1')).toBe(WALLET);
    world.clock.advance(60_000);
    await expect(auth.reader(reading, 'view', 'd-1')).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
  });

  it.each<[string, Partial<WalletWord>]>([
    ['another’s address', { donor: `0x${'ab'.repeat(20)}` }],
    ['no address', { donor: 'XAI7f3a' }],
    ['a nonce of another form', { nonce: '0x12' }],
    ['a nonce in capitals', { nonce: `0x${'AB'.repeat(32)}` }],
    ['a signature of another form', { signature: '0x' }],
    ['a signature of nothing', { signature: `0x${'00'.repeat(65)}` }],
    ['a deadline that is over', { deadline: 0 }],
    ['a deadline that is no time', { deadline: Number.NaN }],
    ['a deadline too far ahead', { deadline: 4_000_000_000_000 }],
  ])('is refused with %s', async (_, more) => {
    const own = word('pause', 'd-1');
    const bad = { token: null, wallet: { ...(own.wallet as WalletWord), ...more } };
    await expect(world.donations.auth.actor(bad, 'pause', 'd-1', anyone)).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
    // What was refused has not used the nonce up.
    expect(await world.donations.auth.actor(own, 'pause', 'd-1', anyone)).toBe(WALLET);
  });

  it('is told what to sign, as wallets take it', () => {
    expect(signingView(DOMAIN)).toMatchObject({
      domain: { name: 'Tallystick', version: '1', chainId: '31337', verifyingContract: DOMAIN.verifyingContract },
      types: {
        DonorAct: [
          { name: 'donor', type: 'address' },
          { name: 'act', type: 'string' },
          { name: 'subject', type: 'string' },
          { name: 'nonce', type: 'bytes32' },
          { name: 'deadline', type: 'uint64' },
        ],
        Donation: expect.arrayContaining([{ name: 'keyHash', type: 'bytes32' }]),
        LimitChange: expect.any(Array),
      },
    });
  });
});
