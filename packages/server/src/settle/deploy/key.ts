/** The deployer's key: from the environment, a file, or a keystore. Never from an argument, and never a default. */
import { createDecipheriv, pbkdf2Sync, scryptSync, timingSafeEqual } from 'node:crypto';
import { TallyError } from '@tallystick/core';
import { concatBytes, keccak256, toHex } from 'viem';
import { type LocalAccount, mnemonicToAccount, privateKeyToAccount } from 'viem/accounts';
import { z } from 'zod';
import { isOpenToOthers, readFileIfThere } from '#ground/files';
import { DEV_PHRASE, isDevAddress, type Network } from './networks.ts';

export type KeyInput = {
  /** What TALLY_DEPLOYER_KEY holds. */
  readonly text?: string | undefined;
  readonly keyFile?: string | undefined;
  readonly keystore?: string | undefined;
  readonly passwordFile?: string | undefined;
};

/** The kernel would run out of memory before a hostile keystore's own figures do. */
const SCRYPT_BYTES_MAX = 1_073_741_824;
const ROUNDS_MAX = 10_000_000;

/**
 * @returns the account, or on a local chain the first of the development phrase where no key is given.
 * @throws DEPLOY_KEY_INVALID, DEPLOY_REFUSED
 */
export function readDeployer(input: KeyInput, network: Network): LocalAccount {
  const given = [input.text, input.keyFile, input.keystore].filter((each) => each !== undefined && each !== '');
  if (given.length > 1) throw invalid('Give one key: TALLY_DEPLOYER_KEY, a key file, or a keystore.');
  if (given.length === 0) {
    if (network.asset === null) return mnemonicToAccount(DEV_PHRASE);
    throw invalid('There is none.');
  }
  const account = privateKeyToAccount(secretOf(input));
  if (network.asset !== null && isDevAddress(account.address)) {
    throw new TallyError('DEPLOY_REFUSED', 'The key is one of the development phrase: everybody has it.');
  }
  return account;
}

function secretOf({ text, keyFile, keystore, passwordFile }: KeyInput): `0x${string}` {
  if (keyFile !== undefined) return hexKey(readPrivate(keyFile, 'The key file').toString('utf8'));
  if (keystore === undefined) return hexKey(text ?? '');
  if (passwordFile === undefined) throw invalid('A keystore needs the file of its password.');
  const password = readPrivate(passwordFile, 'The password file')
    .toString('utf8')
    .replace(/\r?\n$/, '');
  const json = readFileIfThere(keystore);
  if (json === null) throw invalid('The keystore does not exist.');
  return toHex(openKeystore(json, password));
}

function readPrivate(path: string, what: string): Buffer {
  const bytes = readFileIfThere(path);
  if (bytes === null) throw invalid(`${what} does not exist.`);
  if (isOpenToOthers(path)) throw invalid(`${what} can be read by others: its mode must be 0600.`);
  return bytes;
}

/** The order of the curve's group: keys are below it. */
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

function hexKey(text: string): `0x${string}` {
  const digits = /^(?:0x)?([0-9a-fA-F]{64})$/.exec(text.trim())?.[1];
  if (digits === undefined) throw invalid('It must be 64 hex digits.');
  const value = BigInt(`0x${digits}`);
  if (value === 0n || value >= ORDER) throw invalid('It is no key of the curve.');
  return `0x${digits.toLowerCase()}`;
}

const hex = z.string().regex(/^(?:[0-9a-fA-F]{2})+$/);
const whole = z.int().positive();
const keystoreSchema = z.object({
  version: z.literal(3),
  crypto: z.object({
    cipher: z.literal('aes-128-ctr'),
    ciphertext: hex.length(64),
    cipherparams: z.object({ iv: hex.length(32) }),
    mac: hex.length(64),
    kdf: z.enum(['scrypt', 'pbkdf2']),
    kdfparams: z.object({
      dklen: z.literal(32),
      salt: hex,
      n: whole.max(1_048_576).optional(),
      r: whole.max(64).optional(),
      p: whole.max(16).optional(),
      c: whole.max(ROUNDS_MAX).optional(),
      prf: z.literal('hmac-sha256').optional(),
    }),
  }),
});

/** https://ethereum.org/en/developers/docs/data-structures-and-encoding/web3-secret-storage/ */
function openKeystore(json: Uint8Array, password: string): Buffer {
  const { crypto } = parseKeystore(json);
  const { kdfparams: k, kdf } = crypto;
  const salt = Buffer.from(k.salt, 'hex');
  const derived = kdf === 'scrypt' ? scrypt(password, salt, k) : pbkdf2Sync(password, salt, needed(k.c), 32, 'sha256');
  const sealed = Buffer.from(crypto.ciphertext, 'hex');
  const mac = Buffer.from(keccak256(concatBytes([derived.subarray(16), sealed]), 'bytes'));
  if (!timingSafeEqual(mac, Buffer.from(crypto.mac, 'hex'))) throw invalid('The password is not the keystore’s.');
  const decipher = createDecipheriv('aes-128-ctr', derived.subarray(0, 16), Buffer.from(crypto.cipherparams.iv, 'hex'));
  return Buffer.concat([decipher.update(sealed), decipher.final()]);
}

type Figures = { readonly n?: number | undefined; readonly r?: number | undefined; readonly p?: number | undefined };

function scrypt(password: string, salt: Buffer, { n, r, p }: Figures): Buffer {
  const figures = { N: needed(n), r: needed(r), p: needed(p), maxmem: SCRYPT_BYTES_MAX };
  try {
    return scryptSync(password, salt, 32, figures);
  } catch {
    throw invalid('The figures of its key derivation are not those of RFC 7914, or need more than 1 GiB.');
  }
}

function parseKeystore(json: Uint8Array): z.output<typeof keystoreSchema> {
  try {
    return keystoreSchema.parse(JSON.parse(Buffer.from(json).toString('utf8')));
  } catch {
    // What was wrong in it could quote it.
    throw invalid('The keystore is not one of version 3 with AES-128-CTR and scrypt or PBKDF2.');
  }
}

function needed(value: number | undefined): number {
  if (value === undefined) throw invalid('The keystore lacks a figure of its key derivation.');
  return value;
}

function invalid(detail: string): TallyError {
  return new TallyError('DEPLOY_KEY_INVALID', `The deployer’s key cannot be read. ${detail}`);
}
