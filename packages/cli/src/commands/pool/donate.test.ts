import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  addressOfSecretKey,
  donatedKeyHash,
  donationReceiptDigest,
  donationSigner,
  donorActSigner,
  encodeDonation,
  fromHex,
  type Hex,
  labelled,
  limitChangeSigner,
  signDigest,
} from '@tallystick/core';
import { afterEach, describe, expect, test } from 'vitest';
import { type FakeDaemon, fakeDaemon, HERE, NOW, type Setting, TOKEN, tally, workFolder } from '../../testing/harness.ts';

const ID = '01890000-0000-7000-8000-00000000002a';
const GATEWAY = fromHex(`0x${'42'.repeat(32)}`);
const WALLET = fromHex(`0x${'07'.repeat(32)}`);
const ADDRESS = addressOfSecretKey(WALLET);
const DOMAIN = { chainId: 31_337n, verifyingContract: `0x${'c0'.repeat(20)}` } as const;
const SIGNING = { domain: { chainId: '31337', verifyingContract: DOMAIN.verifyingContract }, signer: addressOfSecretKey(GATEWAY) };
const DONOR = 'dn_a-token-for-tests';
const DAY_MS = 86_400_000;

/** A receipt as the gateway signs it, of what the tests give. */
function receipt(more: Readonly<Record<string, unknown>> = {}) {
  const parts = {
    receipt: {
      ...{ id: ID, donor: ADDRESS, provider: 'groq', host: 'api.groq.com', tokens: 500_000n, minutes: 120, expiry: NOW + 30 * DAY_MS },
      ...{ countConsent: true, holdSettle: true, keepExhaustedMs: 7 * DAY_MS, shreddable: true, simulated: false, givenAt: NOW },
      ...more,
    },
    label: 'XAI7',
    domain: DOMAIN,
  } as const;
  const signature = signDigest(donationReceiptDigest(labelled(parts), DOMAIN), GATEWAY);
  return encodeDonation({ ...parts, signature, signer: SIGNING.signer });
}
const given = (more?: Readonly<Record<string, unknown>>) => ({
  ...{ success: true, key_id: ID, state: 'active', message: 'API key secured with STRICT limit: 500000 tokens.' },
  donation_receipt: receipt(more),
});
const VIEW = {
  ...{ key_id: ID, state: 'active', state_reason: null, donor: ADDRESS, label: null, anonymous: false, provider: 'groq' },
  ...{ host: 'api.groq.com', simulated: false, donated_tokens: 500_000, limit: 500_000, held: 0, spent: 5, overrun: 0, left: 499_995 },
  ...{ donated_minutes: 120, minutes_left: 119, expires_at: null, count_consent: true, settle: 'metered', given_at: NOW, paused_by: [] },
  ...{ next_seq: 3, end: null, destruction: null },
};

let daemon: FakeDaemon | undefined;
let folder: ReturnType<typeof workFolder> | undefined;
afterEach(async () => {
  await daemon?.close();
  folder?.remove();
});

type Routes = Parameters<typeof fakeDaemon>[0];
async function on(routes: Routes, args: readonly string[], setting: Partial<Setting> = {}) {
  daemon = await fakeDaemon({ 'GET /api/ai-pool/signing': [200, SIGNING], ...routes });
  folder = workFolder(daemon.url);
  folder.file('wallet', `0x${'07'.repeat(32)}\n`);
  folder.file('token', `${DONOR}\n`);
  return tally(['pool', ...args], { cwd: folder.cwd, env: HERE, ...setting });
}
const again = (args: readonly string[], setting: Partial<Setting> = {}) =>
  tally(['pool', ...args], { cwd: folder?.cwd ?? '', env: HERE, ...setting });
const sent = (path: string) => daemon?.seen.find((seen) => seen.path === path && seen.method === 'POST');

describe('donate', () => {
  const terms = ['--provider', 'groq', '--tokens', '500_000', '--minutes', '120', '--label', 'XAI7', '--keep-exhausted-days', '7'];
  const args = ['donate', ...terms, '--expires', '2026-01-31', '--count-consent', '--settle', 'hold', '--receipt', 'gift.json'];
  const wanted = {
    ...{ provider: 'groq', donated_tokens: 500_000, donated_minutes: 120, expires_at: NOW + 30 * DAY_MS, donor_address: 'XAI7' },
    ...{ count_consent: true, settle: 'hold', keep_exhausted_days: 7, anonymous: false, api_key: 'gsk_canary' },
  };
  const key = { stdin: 'gsk_canary\n' };

  test('by a wallet: the terms are signed with the key’s hash, and the receipt is kept and checked against them', async () => {
    const ran = await on({ 'POST /api/ai-pool/donate': [201, given()] }, [...args, '--wallet-key-file', 'wallet'], key);
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(ran.out).toContain(`key_id\t${ID}\nstate\tactive\n`);
    expect(ran.out).toContain('verified\tall 5 checks of the receipt hold\n');
    const { headers, body } = sent('/api/ai-pool/donate') ?? {};
    expect(headers).not.toHaveProperty('authorization');
    expect(body).toMatchObject(wanted);
    const { auth } = body as { auth: { donor: Hex; nonce: Hex; deadline: number; signature: Hex } };
    const { donor, nonce, deadline, signature } = auth;
    const said = { tokens: 500_000n, minutes: 120, expiry: wanted.expires_at, countConsent: true, holdSettle: true };
    const whole = { donor, provider: 'groq', keyHash: donatedKeyHash('gsk_canary'), ...said, keepExhaustedMs: 7 * DAY_MS, nonce, deadline };
    expect([donor, donationSigner(whole, DOMAIN, signature)]).toEqual([ADDRESS, ADDRESS]);
    expect(deadline - NOW).toBeLessThan(600_000);
    expect(JSON.parse(readFileSync(join(folder?.cwd ?? '', 'gift.json'), 'utf8'))).toEqual(receipt());
    expect((await again(['donation', 'verify', 'gift.json', '--signer', SIGNING.signer])).code).toBe(0);
    expect(ran.out + ran.err).not.toMatch(/canary|0707/);
  });

  test('by an account: its token is in the header, from the file or the environment', async () => {
    const account = { donor: 'account:01890000-0000-7000-8000-000000000001' };
    const ran = await on({ 'POST /api/ai-pool/donate': [201, given(account)] }, [...args, '--account-token-file', 'token'], key);
    expect(ran.code).toBe(0);
    expect(sent('/api/ai-pool/donate')).toMatchObject({ authorization: `Bearer ${DONOR}`, body: wanted });
    const env = { ...HERE, TALLY_DONOR_TOKEN: DONOR };
    const other = await again(args.with(-1, 'other.json'), { ...key, env });
    expect(other.code).toBe(0);
    expect(daemon?.seen.at(-1)).toMatchObject({ authorization: `Bearer ${DONOR}`, body: wanted });
  });

  test('a receipt that says other than what was asked, or is signed by another, does not hold', async () => {
    const less = await on(
      { 'POST /api/ai-pool/donate': [201, given({ tokens: 500_001n })] },
      [...args, '--wallet-key-file', 'wallet'],
      key,
    );
    expect(less.code).toBe(5);
    expect(less.out).toContain('FAIL\tterms\tDoes not hold: ');
    expect(less.out).toContain('in tokens');
    await daemon?.close();
    folder?.remove();
    const routes: Routes = {
      'POST /api/ai-pool/donate': [201, given()],
      'GET /api/ai-pool/signing': [200, { ...SIGNING, signer: ADDRESS }],
    };
    const other = await on(routes, [...args, '--wallet-key-file', 'wallet'], key);
    expect(other.code).toBe(5);
    expect(other.out).toContain('FAIL\tsigner\t');
  });

  test('what is refused leaves no file, and is told in the pool’s words', async () => {
    const refusal = { success: false, error: 'DONATION_DUPLICATE', message: 'It is.', fix: 'Nothing.', facts: { a: 1 } };
    const ran = await on({ 'POST /api/ai-pool/donate': [409, refusal] }, [...args, '--wallet-key-file', 'wallet', '--json'], key);
    expect(ran).toMatchObject({ code: 4, out: '' });
    expect(JSON.parse(ran.err)).toEqual({ error: { code: 'DONATION_DUPLICATE', message: 'It is.', fix: 'Nothing.', facts: { a: 1 } } });
    expect(existsSync(join(folder?.cwd ?? '', 'gift.json'))).toBe(false);
  });

  test('nothing is sent without a donor, without a key, with a wallet that others can read, or with a file that is there', async () => {
    expect((await on({}, args, key)).err).toContain('none is named');
    expect((await again([...args, '--wallet-key-file', 'wallet', '--account-token-file', 'token'], key)).code).toBe(2);
    folder?.file('gift.json', 'kept');
    expect((await again([...args, '--wallet-key-file', 'wallet'], key)).code).toBe(2);
    expect(readFileSync(join(folder?.cwd ?? '', 'gift.json'), 'utf8')).toBe('kept');
    const none = args.slice(0, -2);
    expect((await again([...none, '--wallet-key-file', 'wallet'])).err).toContain('The API key is empty');
    expect((await again([...none.with(4, '1.5'), '--wallet-key-file', 'wallet'], key)).code).toBe(2);
    chmodSync(join(folder?.cwd ?? '', 'wallet'), 0o640);
    const open = await again([...none, '--wallet-key-file', 'wallet'], key);
    expect([open.code, open.err.includes('chmod 600')]).toEqual([2, true]);
    folder?.file('rubbish', 'sk-not-a-wallet');
    const rubbish = await again([...none, '--wallet-key-file', 'rubbish'], key);
    expect([rubbish.code, rubbish.err.includes('sk-not')]).toEqual([2, false]);
    expect(daemon?.seen.filter(({ method }) => method === 'POST')).toEqual([]);
  });

  test('neither a key nor a token crosses a network in clear text', async () => {
    for (const who of [
      ['--wallet-key-file', 'wallet'],
      ['--account-token-file', 'token'],
    ]) {
      const ran = await on({}, [...args, ...who, '--url', 'http://pool.example'], key);
      expect(ran.code).toBe(78);
      expect(ran.err).toContain('clear text');
      await daemon?.close();
      folder?.remove();
    }
  });
});

describe('donation', () => {
  const at = `/api/ai-pool/donations/${ID}`;
  const routes: Routes = {
    'GET /api/ai-pool/donations': [200, { donations: [VIEW] }],
    [`GET ${at}`]: [200, { ...VIEW, receipts: [{ receipt: 'ab', kind: 'spend', tokens: 5, at: NOW }], next: null }],
    ...Object.fromEntries(['pause', 'resume', 'lower', 'anonymous', 'destroy'].map((verb) => [`POST ${at}/${verb}`, [200, VIEW] as const])),
  };

  test('the operator asks with the operator’s token, a donor with the donor’s', async () => {
    const ran = await on(routes, ['donation', 'list']);
    expect(ran.out.split('\n')[1]).toBe(`${ID}\tactive\tgroq\t500000\t500000\t0\t5\t499995\t-`);
    await again(['donation', 'show', ID], { env: { ...HERE, TALLY_DONOR_TOKEN: DONOR } });
    expect(daemon?.seen.map(({ authorization }) => authorization)).toEqual([`Bearer ${TOKEN}`, `Bearer ${DONOR}`]);
  });

  test('a wallet signs what it reads and what it does, by name and id', async () => {
    const wallet = ['--wallet-key-file', 'wallet'];
    const ran = await on(routes, ['donation', 'show', ID, ...wallet]);
    expect(ran.out).toContain('minutes\t119 of 120 left\n');
    expect(ran.out).toContain('receipt\tkind\ttokens\tat\nab\tspend\t5\t');
    const headers = daemon?.seen.at(-1)?.headers ?? {};
    const read = { donor: ADDRESS, act: 'view', subject: ID, nonce: String(headers['x-tally-nonce']) as Hex };
    const deadline = Number(headers['x-tally-deadline']);
    expect(donorActSigner({ ...read, deadline }, DOMAIN, String(headers['x-tally-signature']) as Hex)).toBe(ADDRESS);
    const acts = [
      [['pause', ID], 'pause', {}],
      [['resume', ID], 'resume', {}],
      [['anonymous', ID, 'on'], 'anonymous:true', { anonymous: true }],
      [['destroy', ID, '--yes', '--reason', 'moved'], 'destroy', { reason: 'moved' }],
    ] as const;
    for (const [command, act, more] of acts) {
      expect((await again(['donation', ...command, ...wallet])).code).toBe(0);
      const body = daemon?.seen.at(-1)?.body as { donor_address: string; auth: { nonce: Hex; deadline: number; signature: Hex } };
      const { signature, ...once } = body.auth;
      expect(donorActSigner({ donor: ADDRESS, act, subject: ID, ...once }, DOMAIN, signature)).toBe(ADDRESS);
      expect(body).toMatchObject({ donor_address: ADDRESS, ...more });
    }
  });

  test('a wallet signs the lower limit itself, with the number that comes next; an account’s word is its token', async () => {
    await on(routes, ['donation', 'lower', ID, '1_000', '--wallet-key-file', 'wallet']);
    const { limit, seq, signature } = (sent(`${at}/lower`)?.body ?? {}) as { limit: string; seq: number; signature: Hex };
    expect([limit, seq]).toEqual(['1000', 3]);
    expect(limitChangeSigner({ id: ID, seq: 3, limit: 1_000n, expiry: 0 }, DOMAIN, signature)).toBe(ADDRESS);
    await again(['donation', 'lower', ID, '900', '--expires', '2026-02-01', '--account-token-file', 'token']);
    expect(daemon?.seen.at(-1)).toMatchObject({ authorization: `Bearer ${DONOR}`, body: { limit: '900', expires_at: NOW + 31 * DAY_MS } });
    expect((await again(['donation', 'lower', ID, '900'])).err).toContain('Only a donor can say this');
  });

  test('destroy asks a person, and needs --yes of a script', async () => {
    const piped = await on(routes, ['donation', 'destroy', ID], { stdin: 'y\n' });
    expect([piped.code, daemon?.seen]).toEqual([2, []]);
    expect((await again(['donation', 'destroy', ID], { typed: 'n\n' })).err).toContain('CANCELLED');
    expect((await again(['donation', 'destroy', ID], { typed: 'y\n' })).code).toBe(0);
    expect(daemon?.seen.map(({ method }) => method)).toEqual(['GET', 'GET', 'POST']);
  });

  test('one that is destroyed says when, how and where that stands', async () => {
    const end = { as: 'revoked', by: 'donor', reason: 'moved', at: NOW, destroy_at: NOW };
    const ended = { ...VIEW, state: 'destroyed', state_reason: 'moved', end, destruction: { at: NOW, mode: 'shreddable', audit_seq: 12 } };
    const ran = await on({ [`GET ${at}`]: [200, ended] }, ['donation', 'show', ID]);
    expect(ran.out).toContain('state\tdestroyed (moved)\n');
    expect(ran.out).toContain('destroyed\t2026-01-01T00:00:00.000Z, shreddable, entry 12 of the audit log\n');
  });
});
