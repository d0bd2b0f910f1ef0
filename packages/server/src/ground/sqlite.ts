import { TallyError } from '@tallystick/core';
import { type FileLock, tryLockFile } from './database.ts';

/**
 * Takes `file` for the life of this process (see `tryLockFile`).
 * @throws TallyError DATA_LOCKED while another connection, of any process, holds it.
 */
export function lockFile(file: string): FileLock {
  const lock = tryLockFile(file);
  if (lock === null) throw new TallyError('DATA_LOCKED');
  return lock;
}
