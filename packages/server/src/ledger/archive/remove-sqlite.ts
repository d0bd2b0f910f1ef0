import { createSecretKey } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { openReader } from '#ground/database';
import type { Channel } from '../channel.ts';
import { LIMITS } from '../limits.ts';
import { rangesOf, stepsOf } from './ranges.ts';
import { headerOf } from './seal-file.ts';

/** Between two steps the batches of calls come first, and the disk is theirs. */
const PAUSE_MS = 5;

/** Removes what an archive has, a few rows after a batch of the writer: a call waits behind no more than one such step. */
export async function removeFromFile(channel: Channel, archive: string, chainKey: Uint8Array): Promise<void> {
  const db = openReader(archive);
  try {
    const header = headerOf(db, createSecretKey(chainKey));
    if (header === null) throw new Error('the archive has no header');
    for (const body of stepsOf(rangesOf(db, header.after), LIMITS.archiveRemoveBatch)) {
      await channel.ask<number>({ kind: 'removeRows', body });
      await sleep(PAUSE_MS);
    }
  } finally {
    db.close();
  }
}
