import { createCipheriv } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { scrypt } from 'hash-wasm';
import { keccak256 } from 'viem';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type KeyInput, readDeployer } from './key.ts';
import { DEV_ADDRESSES, NETWORKS } from './networks.ts';

/** The test vectors of the specification: password `testpassword`. Its scrypt has figures that RFC 7914 forbids, and so OpenSSL. */
const SECRET = '7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d';
const ADDRESS = '0x008AeEda4D805471dF9b2A5B0f38A0C3bCBA786b';
const PBKDF2 = {
  crypto: {
    cipher: 'aes-128-ctr',
    cipherparams: { iv: '6087dab2f9fdbbfaddc31a909735c1e6' },
    ciphertext: '5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46',
    kdf: 'pbkdf2',
    kdfparams: { c: 262_144, dklen: 32, prf: 'hmac-sha256', salt: 'ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd' },
    mac: '517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2',
  },
  id: '3198bc9c-6672-5ab3-d995-4942343ae5b6',
  version: 3,
};
const SCRYPT_OF_THE_SPECIFICATION = {
  crypto: {
    cipher: 'aes-128-ctr',
    cipherparams: { iv: '83dbcc02d8ccb40e466191a123791e0e' },
    ciphertext: 'd172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c',
    kdf: 'scrypt',
    kdfparams: { dklen: 32, n: 262_144, r: 1, p: 8, salt: 'ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19' },
    mac: '2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097',
  },
  id: '3198bc9c-6672-5ab3-d995-4942343ae5b6',
  version: 3,
};

/** The same secret, sealed by other code than what opens it. */
async function sealedByScrypt() {
  const [salt, iv] = ['ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19', '83dbcc02d8ccb40e466191a123791e0e'];
  const figures = { costFactor: 4096, blockSize: 8, parallelism: 1, hashLength: 32, outputType: 'binary' } as const;
  const derived = await scrypt({ password: 'testpassword', salt: Buffer.from(salt, 'hex'), ...figures });
  const cipher = createCipheriv('aes-128-ctr', derived.subarray(0, 16), Buffer.from(iv, 'hex'));
  const sealed = cipher.update(Buffer.from(SECRET, 'hex'));
  const mac = keccak256(Buffer.concat([derived.subarray(16), sealed])).slice(2);
  const kdfparams = { dklen: 32, n: 4096, r: 8, p: 1, salt };
  const crypto = { cipher: 'aes-128-ctr', cipherparams: { iv }, ciphertext: sealed.toString('hex'), kdf: 'scrypt', kdfparams, mac };
  return { version: 3, crypto };
}
const SCRYPT = await sealedByScrypt();

const { base, local } = NETWORKS;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tally-key-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function file(name: string, content: unknown, mode = 0o600): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  chmodSync(path, mode);
  return path;
}

function refusal(input: KeyInput, network = base): { code: string; message: string } {
  try {
    readDeployer(input, network);
  } catch (error) {
    return error as { code: string; message: string };
  }
  throw new Error('was taken');
}

describe('the deployer’s key', () => {
  it.each([
    ['the environment', () => ({ text: SECRET })],
    ['the environment, with 0x and a line’s end', () => ({ text: `0x${SECRET}\n` })],
    ['a file', () => ({ keyFile: file('key', `${SECRET}\n`) })],
    ['a keystore with PBKDF2', () => ({ keystore: file('k.json', PBKDF2), passwordFile: file('p', 'testpassword\n') })],
    ['a keystore with scrypt', () => ({ keystore: file('k.json', SCRYPT), passwordFile: file('p', 'testpassword') })],
  ])('is read from %s', (_name, input) => expect(readDeployer(input(), base).address).toBe(ADDRESS));

  it.each([
    ['nothing', () => ({}), 'There is none'],
    ['two at once', () => ({ text: SECRET, keyFile: file('key', SECRET) }), 'Give one key'],
    ['too few digits', () => ({ text: SECRET.slice(2) }), '64 hex digits'],
    ['zero', () => ({ text: '0'.repeat(64) }), 'no key of the curve'],
    ['the order of the curve', () => ({ text: 'fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141' }), 'no key of the curve'],
    ['a file that is not there', () => ({ keyFile: join(folder, 'none') }), 'does not exist'],
    ['a file that others can read', () => ({ keyFile: file('key', SECRET, 0o644) }), 'its mode must be 0600'],
    ['a keystore without a password', () => ({ keystore: file('k.json', PBKDF2) }), 'needs the file of its password'],
    [
      'a wrong password',
      () => ({ keystore: file('k.json', PBKDF2), passwordFile: file('p', 'other') }),
      'The password is not the keystore’s',
    ],
    [
      'an old keystore',
      () => ({ keystore: file('k.json', { ...PBKDF2, version: 1 }), passwordFile: file('p', 'x') }),
      'is not one of version 3',
    ],
    [
      'a keystore that is none',
      () => ({ keystore: file('k.json', 'secret text'), passwordFile: file('p', 'x') }),
      'is not one of version 3',
    ],
    [
      'a keystore that asks for all memory',
      () => {
        const kdfparams = { ...SCRYPT.crypto.kdfparams, n: 2 ** 40 };
        return { keystore: file('k.json', { ...SCRYPT, crypto: { ...SCRYPT.crypto, kdfparams } }), passwordFile: file('p', 'x') };
      },
      'is not one of version 3',
    ],
    [
      'figures that are not of RFC 7914',
      () => ({ keystore: file('k.json', SCRYPT_OF_THE_SPECIFICATION), passwordFile: file('p', 'testpassword') }),
      'RFC 7914',
    ],
  ])('is refused from %s', (_name, input, why) => {
    const { code, message } = refusal(input());
    expect(code).toBe('DEPLOY_KEY_INVALID');
    expect(message).toContain(why);
    expect(message).not.toContain(SECRET.slice(0, 8));
  });

  it('is that of the development phrase on a local chain only', () => {
    expect(readDeployer({}, local).address).toBe(DEV_ADDRESSES[0]);
    const dev = 'ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80';
    expect(readDeployer({ text: dev }, local).address).toBe(DEV_ADDRESSES[0]);
    expect(refusal({ text: dev })).toMatchObject({ code: 'DEPLOY_REFUSED', message: /development phrase/ });
    expect(refusal({ text: dev }, NETWORKS['base-sepolia'])).toMatchObject({ code: 'DEPLOY_REFUSED' });
  });
});
