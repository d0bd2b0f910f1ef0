import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { addressOfSecretKey, type Domain, donorActDigest, fromHex, type Hex, signDigest } from '@tallystick/core';
import { usage } from './cli-error.ts';
import type { Client } from './client.ts';
import type { Io } from './io.ts';
import { readBytes } from './parse.ts';

const OPTION = '--wallet-key-file';
const FILE_BYTES_MAX = 100;
/** The daemon takes ten minutes at most. */
const GOOD_FOR_MS = 300_000;

/** What is signed once: 32 random bytes, and the time after which the signature is worth nothing. */
export type Once = { readonly nonce: Hex; readonly deadline: number };
export type Word = Once & { readonly signature: Hex };
/** What a gateway says of how it is signed for, and by whom its receipts are. */
export type Signing = { readonly domain: Domain; readonly signer: Hex };

/** A wallet whose key lies in a file: it signs a donor's words, and never leaves this process. */
export class Wallet {
  readonly #io: Io;
  readonly #key: Uint8Array;
  readonly address: Hex;

  private constructor(io: Io, key: Uint8Array) {
    this.#io = io;
    this.#key = key;
    this.address = addressOfSecretKey(key);
  }

  /** @throws INPUT_INVALID without quoting the file */
  static read(io: Io, file: string): Wallet {
    const text = readBytes(io, file, OPTION, FILE_BYTES_MAX).toString('latin1').trim();
    if ((statSync(resolve(io.cwd, file)).mode & 0o077) !== 0)
      throw usage(`${OPTION}: others can read the file.`, 'Make it yours alone: chmod 600 FILE.');
    if (!/^(0x)?[0-9a-fA-F]{64}$/.test(text)) throw usage(`${OPTION}: the file must hold 32 bytes as hex, and nothing else.`);
    return new Wallet(io, fromHex(`0x${text.replace(/^0x/, '').toLowerCase()}`, 32));
  }

  once(): Once {
    return { nonce: `0x${randomBytes(32).toString('hex')}`, deadline: this.#io.now() + GOOD_FOR_MS };
  }

  sign(digest: Hex): Hex {
    return signDigest(digest, this.#key);
  }

  /** One act on what is the donor's, for example `pause`. */
  act(act: string, subject: string, domain: Domain): Word {
    const once = this.once();
    return { ...once, signature: this.sign(donorActDigest({ donor: this.address, act, subject, ...once }, domain)) };
  }
}

export async function signingOf(client: Client): Promise<Signing> {
  type View = { readonly domain: { readonly chainId: string; readonly verifyingContract: Hex }; readonly signer: Hex };
  const { domain, signer } = await client.get<View>('/api/ai-pool/signing', { open: true });
  return { domain: { chainId: BigInt(domain.chainId), verifyingContract: domain.verifyingContract }, signer };
}
