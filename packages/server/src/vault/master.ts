import { randomBytes } from 'node:crypto';
import { dirname } from 'node:path';
import { mnemonicToEntropy } from '@scure/bip39';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import { TallyError } from '@tallystick/core';
import { createDurable, ensurePrivateFolder, fileStamp, isOpenToOthers, readFileIfThere } from '#ground/files';
import { MASTER_BYTES } from './keys.ts';

/** Where the master came from; never the key itself in words. */
export type LoadedMaster = { readonly master: Buffer; readonly from: 'file' | 'stdin' | 'environment' | 'created' | 'kms' };

/** Port: anything that can bring the master key, 32 bytes, which the receiver zeroes after use. @throws MASTER_KEY_INVALID */
export interface MasterKeySource {
  load(): Promise<LoadedMaster>;
}

export type LoadMasterOptions = {
  /** TALLY_MASTER_KEY_FILE. */
  readonly file: string;
  /** The process's environment: TALLY_MASTER_KEY is removed from it at once, used or not, before any child can inherit it. */
  readonly env: Record<string, string | undefined>;
  /** TALLY_MASTER_KEY where the caller has read it from elsewhere. */
  readonly key?: string;
  /** Read to its end where TALLY_MASTER_KEY is `-`. */
  readonly stdin?: AsyncIterable<Buffer | string>;
  /** True where nothing was sealed yet: only then a missing key is made. */
  readonly mayCreate: boolean;
};

const INPUT_BYTES_MAX = 1024;
const WORDS = 24;

/**
 * The master key, in this order: the file, a phrase on standard input, the environment; at the first start it is made in the file.
 * A key is 64 hex digits or a 24-word BIP-39 phrase (English, with its checksum; its 32 bytes of entropy are the key), made for this
 * purpose and never a wallet's. The text form passes through a string that the runtime frees when it will; the bytes are the caller's to zero.
 * @throws MASTER_KEY_INVALID in words that never quote the input.
 */
export async function loadMaster(options: LoadMasterOptions): Promise<LoadedMaster> {
  const given = options.env['TALLY_MASTER_KEY'] ?? options.key ?? '';
  delete options.env['TALLY_MASTER_KEY'];
  const fromFile = readMasterFile(options.file);
  if (fromFile !== null) return { master: fromFile, from: 'file' };
  if (given === '-') {
    if (options.stdin === undefined)
      throw new TallyError('MASTER_KEY_INVALID', 'TALLY_MASTER_KEY is `-`, but there is no standard input here.');
    return { master: parseMaster(await readAll(options.stdin)), from: 'stdin' };
  }
  if (given !== '') return { master: parseMaster(given), from: 'environment' };
  if (!options.mayCreate) {
    throw new TallyError('MASTER_KEY_INVALID', 'There is no master key, but there are secrets that were sealed with one.');
  }
  return { master: await createMaster(options.file), from: 'created' };
}

/** Makes a random master key in a new file, 64 hex digits, mode 0600. @throws MASTER_KEY_INVALID where the file is there or cannot be made. */
export async function createMaster(file: string): Promise<Buffer> {
  const master = randomBytes(MASTER_BYTES);
  try {
    if (fileStamp(dirname(file)) === null) await ensurePrivateFolder(dirname(file));
    await createDurable(file, `${master.toString('hex')}\n`);
  } catch (error) {
    throw new TallyError('MASTER_KEY_INVALID', 'The master key file cannot be made.', {
      errno: (error as NodeJS.ErrnoException).code ?? 'unknown',
    });
  }
  return master;
}

/** @param text 64 hex digits or 24 words. @throws MASTER_KEY_INVALID */
export function parseMaster(text: string): Buffer {
  const trimmed = text.trim();
  if (/^[0-9a-fA-F]{64}$/.test(trimmed)) return Buffer.from(trimmed, 'hex');
  const words = trimmed.toLowerCase().split(/\s+/);
  if (words.length !== WORDS) throw new TallyError('MASTER_KEY_INVALID', `A master key is 64 hex digits or ${WORDS} words.`);
  try {
    return Buffer.from(mnemonicToEntropy(words.join(' '), wordlist));
  } catch {
    // The library's error may name a word of the phrase.
    throw new TallyError('MASTER_KEY_INVALID', 'The phrase has a word that is not in the list, or its checksum does not hold.');
  }
}

function readMasterFile(file: string): Buffer | null {
  try {
    const bytes = readFileIfThere(file);
    if (bytes === null) return null;
    if (isOpenToOthers(file)) {
      throw new TallyError('MASTER_KEY_INVALID', 'The master key file may be read or changed by others: set its mode to 0600.');
    }
    if (bytes.length > INPUT_BYTES_MAX) throw new TallyError('MASTER_KEY_INVALID', 'The master key file is too large to be one.');
    const master = parseMaster(bytes.toString('utf8'));
    bytes.fill(0);
    return master;
  } catch (error) {
    if (error instanceof TallyError) throw error;
    throw new TallyError('MASTER_KEY_INVALID', 'The master key file cannot be read.', {
      errno: (error as NodeJS.ErrnoException).code ?? 'unknown',
    });
  }
}

async function readAll(input: AsyncIterable<Buffer | string>): Promise<string> {
  let text = '';
  for await (const chunk of input) {
    text += chunk.toString();
    if (text.length > INPUT_BYTES_MAX) throw new TallyError('MASTER_KEY_INVALID', 'Standard input is too long to be a master key.');
  }
  return text;
}
