import { randomBytes } from 'node:crypto';
import { TallyError } from '@tallystick/core';
import { createDurable, readFileIfThere } from '#ground/files';
import { MASTER_BYTES } from './keys.ts';
import type { LoadedMaster, MasterKeySource } from './master.ts';

/** Port: a key service (cloud KMS, PKCS#11, TPM) that wraps and unwraps 32 bytes under a key that never leaves it. */
export interface Kms {
  wrapKey(key: Buffer): Promise<Buffer>;
  unwrapKey(wrapped: Buffer): Promise<Buffer>;
}

/** A random master that rests only in its wrapped form, in `file`; made at the first start where `mayCreate`. */
export function kmsMaster(kms: Kms, file: string, mayCreate: boolean): MasterKeySource {
  return {
    async load(): Promise<LoadedMaster> {
      const wrapped = readFileIfThere(file);
      if (wrapped !== null) return { master: await unwrap(kms, wrapped), from: 'kms' };
      if (!mayCreate)
        throw new TallyError('MASTER_KEY_INVALID', 'There is no wrapped master key, but there are secrets that were sealed with one.');
      const master = randomBytes(MASTER_BYTES);
      await createDurable(file, await kms.wrapKey(master));
      return { master, from: 'created' };
    },
  };
}

async function unwrap(kms: Kms, wrapped: Buffer): Promise<Buffer> {
  try {
    const master = await kms.unwrapKey(wrapped);
    if (master.length === MASTER_BYTES) return master;
  } catch {
    // The service's own error may name accounts or keys; what matters here is that it gave no key.
  }
  throw new TallyError('MASTER_KEY_INVALID', 'The key service did not unwrap the master key.');
}
