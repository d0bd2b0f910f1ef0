import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { acceptInvitation, type JoinOptions } from './invitation.ts';
import { openVault } from './open-vault.ts';
import { CANARY, type Fixture, makeFixture, meta, secret } from './testing.ts';
import type { Vault } from './types.ts';

let first: Fixture;
let second: Fixture;
let vault: Vault;

beforeEach(async () => {
  first = makeFixture();
  second = makeFixture();
  vault = await first.open();
});
afterEach(async () => {
  await vault.close();
  first.remove();
  second.remove();
});

const accept = (text: string, more: Partial<JoinOptions> = {}) => acceptInvitation(Buffer.from(text), { ...second.options, ...more });

describe('an invitation', () => {
  it('makes a vault with the same derived keys, and a log and records of its own', async () => {
    await vault.seal(meta(), secret());
    const text = vault.invitation();
    expect(text).not.toContain(CANARY);
    await accept(text);
    const other = await second.open();
    for (const purpose of ['ledger-chain', 'key-hash', 'receipt-signer']) expect(other.derive(purpose)).toEqual(vault.derive(purpose));
    expect(other.list()).toEqual([]);
    expect(other.auditEntries(0, 10).map(({ kind }) => kind)).toEqual(['vault.created']);
    await other.seal(meta(), secret('another'));
    expect(other.open(second.ticket(other, 'src-1'), (s) => s.toString())).toBe('another');
    expect(vault.open(first.ticket(vault, 'src-1'), (s) => s.toString())).toBe(CANARY);
    expect([other.auditVerify(), vault.auditVerify()]).toEqual([[], []]);
    await other.close();
    const again = await second.open();
    expect(again.has('src-1')).toBe(true);
    await again.close();
  });

  it('of a vault whose master was changed is under the new one', async () => {
    const next = Buffer.alloc(32, 8);
    await vault.rotateMaster(next);
    const text = vault.invitation();
    await expect(accept(text)).rejects.toMatchObject({ code: 'MASTER_KEY_INVALID' });
    await accept(text, { master: next });
    const other = await second.open({ master: next });
    expect(other.derive('x')).toEqual(vault.derive('x'));
    expect(other.auditVerify()).toEqual([]);
    await other.close();
  });

  it('needs the same second root', async () => {
    await vault.close();
    first.remove();
    first = makeFixture();
    const secondRoot = Buffer.alloc(32, 3);
    vault = await first.open({ secondRoot });
    await accept(vault.invitation());
    await expect(second.open()).rejects.toMatchObject({ code: 'MASTER_KEY_INVALID' });
    await (await second.open({ secondRoot })).close();
  });
});

describe('is refused', () => {
  it('without the master key of the gateway', async () => {
    await expect(accept(vault.invitation(), { master: Buffer.alloc(32, 9) })).rejects.toMatchObject({ code: 'MASTER_KEY_INVALID' });
    expect(existsSync(second.options.dir)).toBe(false);
  });

  it.each([
    ['an empty file', () => ''],
    ['another JSON file', () => '{"body":{}}'],
    ['a changed one', (text: string) => text.replace(/"mode":"shreddable"/, '"mode":"recoverable"')],
    ['one with another room', (text: string) => text.replace(/"room":"../, '"room":"00')],
  ])('where it is %s', async (_, change) => {
    await expect(accept(change(vault.invitation()))).rejects.toMatchObject({ code: 'INVITATION_INVALID' });
    expect(existsSync(second.options.dir)).toBe(false);
  });

  it('where it is the header of a vault whose log is elsewhere', async () => {
    const next = Buffer.alloc(32, 8);
    await vault.rotateMaster(next);
    const header = readFileSync(join(first.options.dir, 'vault.json'), 'utf8');
    await expect(accept(header, { master: next })).rejects.toMatchObject({ code: 'INVITATION_INVALID' });
  });

  it('where a vault is, or what is left of one', async () => {
    const text = vault.invitation();
    const there = await openVault(second.options);
    await there.close();
    await expect(accept(text)).rejects.toMatchObject({ code: 'INVITATION_INVALID' });
    second.remove();
    second = makeFixture();
    mkdirSync(join(second.options.slotDir, 'slots'), { recursive: true });
    writeFileSync(join(second.options.slotDir, 'slots', 'src-1.slot'), Buffer.alloc(32));
    await expect(accept(text)).rejects.toMatchObject({ code: 'INVITATION_INVALID' });
  });

  it('where the hosts would promise different things of a destroyed secret', async () => {
    await expect(accept(vault.invitation(), { shredMode: 'recoverable' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
