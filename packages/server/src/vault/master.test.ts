import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Kms, kmsMaster } from './kms.ts';
import { loadMaster, parseMaster } from './master.ts';

const HEX = '11'.repeat(32);
/** BIP-39's own test vector: 32 zero bytes. */
const PHRASE = `${'abandon '.repeat(23)}art`;
let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tally-master-'));
  file = join(folder, 'master.key');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = (text: string, mode = 0o600) => {
  writeFileSync(file, text);
  chmodSync(file, mode);
};
async function* input(...chunks: string[]) {
  for (const chunk of chunks) yield Buffer.from(chunk);
}

describe('where the master comes from', () => {
  it('is the file first, then standard input, then the environment; the environment is scrubbed in every case', async () => {
    const env = { TALLY_MASTER_KEY: HEX };
    write(PHRASE);
    expect(await loadMaster({ file, env, mayCreate: true })).toEqual({ master: Buffer.alloc(32), from: 'file' });
    expect(env).toEqual({});
    rmSync(file);
    const dash: Record<string, string | undefined> = { TALLY_MASTER_KEY: '-' };
    expect(await loadMaster({ file, env: dash, stdin: input('abandon '.repeat(23), 'art\n'), mayCreate: true })).toEqual({
      master: Buffer.alloc(32),
      from: 'stdin',
    });
    const hexEnv: Record<string, string | undefined> = { TALLY_MASTER_KEY: HEX };
    expect(await loadMaster({ file, env: hexEnv, mayCreate: true })).toEqual({ master: Buffer.alloc(32, 0x11), from: 'environment' });
    expect([dash, hexEnv]).toEqual([{}, {}]);
    expect(existsSync(file)).toBe(false);
  });

  it('is made at the first start only, in a file of mode 0600', async () => {
    await expect(loadMaster({ file, env: {}, mayCreate: false })).rejects.toMatchObject({ code: 'MASTER_KEY_INVALID' });
    const made = await loadMaster({ file, env: {}, mayCreate: true });
    expect(made.from).toBe('created');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(await loadMaster({ file, env: {}, mayCreate: true })).toEqual({ master: made.master, from: 'file' });
  });

  it.each([0o640, 0o604, 0o620, 0o666])('refuses a file of mode %o', async (mode) => {
    write(HEX, mode);
    await expect(loadMaster({ file, env: {}, mayCreate: true })).rejects.toMatchObject({ code: 'MASTER_KEY_INVALID' });
  });

  it.each([
    '',
    'abandon',
    HEX.slice(2),
    `${HEX}0`,
    'zz'.repeat(32),
    PHRASE.replace('art', 'abandon'),
    PHRASE.replace('art', 'secretword'),
    'x'.repeat(5000),
  ])('refuses a key that is none, and never quotes it (%#)', async (text) => {
    write(text);
    const error = await loadMaster({ file, env: {}, mayCreate: true }).catch((e) => e);
    expect(error.code).toBe('MASTER_KEY_INVALID');
    expect(error.message).not.toMatch(/abandon|secretword|1111|zz|tally-master/);
  });

  it('takes a phrase in any case and spacing', () => {
    expect(parseMaster(`  ${PHRASE.toUpperCase().replaceAll(' ', '\n ')} `)).toEqual(Buffer.alloc(32));
  });
});

/** What a key service does, in memory: AES-GCM under a key of its own. */
function memoryKms(): Kms {
  const own = randomBytes(32);
  return {
    async wrapKey(key) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', own, nonce);
      return Buffer.concat([nonce, cipher.update(key), cipher.final(), cipher.getAuthTag()]);
    },
    async unwrapKey(wrapped) {
      const decipher = createDecipheriv('aes-256-gcm', own, wrapped.subarray(0, 12));
      decipher.setAuthTag(wrapped.subarray(-16));
      return Buffer.concat([decipher.update(wrapped.subarray(12, -16)), decipher.final()]);
    },
  };
}

describe('a master wrapped by a key service', () => {
  it('is the same at every start and never rests in the clear', async () => {
    const kms = memoryKms();
    const made = await kmsMaster(kms, file, true).load();
    expect(await kmsMaster(kms, file, false).load()).toEqual({ master: made.master, from: 'kms' });
    expect(readFileSync(file).includes(made.master)).toBe(false);
    await expect(kmsMaster(memoryKms(), file, true).load()).rejects.toMatchObject({ code: 'MASTER_KEY_INVALID' });
    await expect(kmsMaster(kms, `${file}.none`, false).load()).rejects.toMatchObject({ code: 'MASTER_KEY_INVALID' });
  });
});
