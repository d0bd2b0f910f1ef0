import { DOMAIN_NAME, DOMAIN_VERSION } from '@tallystick/core';
import { privateKeyToAccount } from 'viem/accounts';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Vault } from '../../packages/server/src/vault/index.ts';
import { type Fixture, makeFixture, meta, secret } from '../../packages/server/src/vault/testing.ts';

let fixture: Fixture;
let vault: Vault;

beforeEach(async () => {
  fixture = makeFixture();
  vault = await fixture.open();
});
afterEach(async () => {
  await vault.close();
  fixture.remove();
});

const member = (text: string) => ({ type: text.split(' ')[0] ?? '', name: text.split(' ')[1] ?? '' });

it('takes what a wallet signed as typed data, and shuts at a start where that is no signature of its donor', async () => {
  const wallet = privateKeyToAccount(`0x${'5'.repeat(64)}`);
  const types = { LimitChange: ['string id', 'uint64 seq', 'uint64 limit', 'uint64 expiry'].map(member) };
  const domain = {
    name: DOMAIN_NAME,
    version: DOMAIN_VERSION,
    chainId: 31337,
    verifyingContract: fixture.options.domain.verifyingContract,
  };
  const message = { id: 'src-1', seq: 1n, limit: 700n, expiry: 0n };
  const signature = await wallet.signTypedData({ domain, types, primaryType: 'LimitChange', message });
  await vault.seal(meta({ donor: wallet.address.toLowerCase() }), secret());
  const change = { id: 'src-1', seq: 1, limit: 700n, expiry: 0, signature };
  // Signed for another gateway it is nothing here.
  const elsewhere = await wallet.signTypedData({ domain: { ...domain, chainId: 1 }, types, primaryType: 'LimitChange', message });
  await expect(vault.changeLimit({ ...change, signature: elsewhere })).rejects.toMatchObject({ code: 'LIMIT_INVALID' });
  expect(await vault.changeLimit(change)).toMatchObject({ limit: 700n });
  await vault.close();
  vault = await fixture.open();
  expect(vault.limits('src-1')).toMatchObject({ limit: 700n });
  await vault.close();
  // A log in which the signature is not the wallet's, as one under another domain would be.
  vault = await fixture.open({ domain: (derive) => ({ ...fixture.options.domain, chainId: BigInt(derive('chain').length) }) });
  expect(() => vault.limits('src-1')).toThrow(expect.objectContaining({ code: 'TAMPERED', message: expect.stringContaining('signature') }));
  expect(vault.auditVerify()).toEqual(['a limit change of src-1 lacks its donor’s signature']);
});
