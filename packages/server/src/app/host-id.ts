import { join } from 'node:path';
import { ensurePrivateFolder, fileStamp, readFileIfThere, writeDurable } from '#ground/files';
import { randomHex } from '#ground/ids';

const nameIn = (slotDir: string) => join(slotDir, 'host-id');

/** Whether this host has ever had shared books open, or was made to. */
export function hasHostId(slotDir: string): boolean {
  return fileStamp(nameIn(slotDir)) !== null;
}

/**
 * The name under which this host's openings of shared books are counted. It lies with the anchor, which counts the same: both stay out of
 * backups, so a folder that was copied to another host is another host.
 */
export async function hostId(slotDir: string): Promise<string> {
  await ensurePrivateFolder(slotDir);
  const path = nameIn(slotDir);
  const known = readFileIfThere(path)?.toString('utf8').trim() ?? '';
  if (/^[0-9a-f]{32}$/.test(known)) return known;
  const made = randomHex(16);
  await writeDurable(path, `${made}\n`);
  return made;
}
