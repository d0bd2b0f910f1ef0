import { createHash } from 'node:crypto';

function lockKey(...parts: readonly string[]): bigint {
  return createHash('sha256')
    .update(['tallystick', ...parts].join('\n'))
    .digest()
    .readBigInt64BE();
}

/** Held together by every batch, and alone by the one that stops or resumes all calls: no hold commits beside it. */
export function stopLock(bookId: string): bigint {
  return lockKey('stop', bookId);
}

/** Held by the session of the epoch that owns the lane, for as long as it lives. */
export function laneLock(bookId: string, laneId: string): bigint {
  return lockKey('lane', bookId, laneId);
}

/** Held together by whoever reads all books in one snapshot, and alone while partitions of an archived month are dropped: no snapshot sees that. */
export const ARCHIVE_LOCK = lockKey('archive');

/** Held while the schema or its partitions are changed. */
export const SCHEMA_LOCK = lockKey('schema');
