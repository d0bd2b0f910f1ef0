import { AMOUNT_MAX, TallyError } from '@tallystick/core';
import { isDonor } from './limits.ts';
import { SECRET_BYTES_MAX } from './record.ts';
import type { SealedMeta } from './types.ts';

/** Safe as a file name on every file system. */
const ID = /^[a-zA-Z0-9][a-zA-Z0-9_-]{0,63}$/;
const PROVIDER = /^[a-z0-9][a-z0-9_.-]{0,63}$/;

/** @throws INPUT_INVALID; never quotes the secret. */
export function checkSealable(meta: SealedMeta, secret: Buffer): void {
  const refuse = (detail: string): never => {
    throw new TallyError('INPUT_INVALID', detail);
  };
  if (!ID.test(meta.id)) refuse('A secret’s id is 1 to 64 letters, digits, dashes and underscores.');
  if (!PROVIDER.test(meta.provider)) refuse('A provider is 1 to 64 of a-z, 0-9, dot, dash and underscore.');
  if (!isDonor(meta.donor)) refuse('A donor is `operator`, an address in lower case, or `account:` and a UUID.');
  if (meta.ceiling < 1n || meta.ceiling > AMOUNT_MAX) refuse('A ceiling is from 1 to 2^62.');
  if (!Number.isSafeInteger(meta.expiry) || meta.expiry < 0) refuse('An expiry is a time in Unix ms, or 0.');
  if (!Number.isSafeInteger(meta.epoch) || meta.epoch < 0) refuse('An epoch is a whole number.');
  if (secret.length === 0 || secret.length > SECRET_BYTES_MAX) refuse(`A secret has 1 to ${SECRET_BYTES_MAX} bytes.`);
}
