import { addressOfSecretKey, donationReceiptDigest, encodeDonation, fromHex, labelled, signDigest } from '@tallystick/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { tally, workFolder } from '../testing/harness.ts';

const SECRET = fromHex(`0x${'42'.repeat(32)}`);
const SIGNER = addressOfSecretKey(SECRET);
const PARTS = {
  receipt: {
    id: '01890000-0000-7000-8000-00000000002a',
    donor: `0x${'a1'.repeat(20)}`,
    provider: 'sandbox',
    host: 'sandbox',
    tokens: 500_000n,
    minutes: 120,
    expiry: 0,
    countConsent: true,
    holdSettle: false,
    keepExhaustedMs: 0,
    shreddable: true,
    simulated: true,
    givenAt: 1_767_225_000_000,
  },
  label: 'XAI7f3a9c2e',
  domain: { chainId: 0n, verifyingContract: `0x${'c0'.repeat(20)}` },
} as const;

const signature = signDigest(donationReceiptDigest(labelled(PARTS), PARTS.domain), SECRET);
const BUNDLE = encodeDonation({ ...PARTS, signature, signer: SIGNER });
const TEXT = JSON.stringify(BUNDLE);

let folder: ReturnType<typeof workFolder>;
beforeEach(() => {
  folder = workFolder();
  folder.file('donation.json', TEXT);
});
afterEach(() => folder.remove());

// Nothing of the network or of a configuration is needed: an address that is not one must not matter.
const verify = (args: readonly string[], stdin?: string) =>
  tally(['donation', 'verify', ...args], { cwd: folder.cwd, env: { TALLY_URL: 'no url' }, ...(stdin === undefined ? {} : { stdin }) });

test('a whole donation receipt, from a file and from standard input', async () => {
  for (const ran of [await verify(['donation.json']), await verify(['-'], TEXT)]) {
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(ran.out).toContain('ok\tsignature\t');
    expect(ran.out).toContain('The donation receipt verifies.\nSANDBOX');
    expect(ran.out).toContain('was not checked: give --signer');
  }
});

test('the signer is checked where it is given', async () => {
  const right = await verify(['donation.json', '--signer', SIGNER]);
  expect([right.code, right.out.includes('give --signer')]).toEqual([0, false]);
  const wrong = await verify(['donation.json', '--signer', `0x${'11'.repeat(20)}`, '--json']);
  expect(wrong.code).toBe(5);
  expect(JSON.parse(wrong.out)).toMatchObject({ ok: false, key_id: PARTS.receipt.id });
  expect((await verify(['donation.json', '--signer', 'me'])).code).toBe(2);
});

test('one that was changed does not verify', async () => {
  folder.file('changed.json', TEXT.replace('500000', '5000000'));
  const changed = await verify(['changed.json']);
  expect(changed.code).toBe(5);
  expect(changed.out).toContain('FAIL\tsignature\tDoes not hold: ');
  folder.file('rubbish.json', '{');
  expect((await verify(['rubbish.json'])).code).toBe(5);
  expect((await verify(['missing.json'])).code).toBe(2);
});
