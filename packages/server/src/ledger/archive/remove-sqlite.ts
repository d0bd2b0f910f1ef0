import { createSecretKey } from 'node:crypto';
import { openReader } from '#ground/database';
import type { Channel } from '../channel.ts';
import { LIMITS } from '../limits.ts';
import { rangesOf, stepsOf } from './ranges.ts';
import { headerOf } from './seal-file.ts';

/** Removes what an archive has, a few rows after each batch of the writer: a call waits behind no more than one such step. */
export async function removeFromFile(channel: Channel, archive: string, chainKey: Uint8Array): Promise<void> {
  const db = openReader(archive);
  try {
    const header = headerOf(db, createSecretKey(chainKey));
    if (header === null) throw new Error('the archive has no header');
    for (const body of stepsOf(rangesOf(db, header.after), LIMITS.archiveRemoveBatch))
      await channel.ask<number>({ kind: 'removeRows', body });
  } finally {
    db.close();
  }
}
