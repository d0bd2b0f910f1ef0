import { join } from 'node:path';
import { ensurePrivateFolder, readFileIfThere, writeDurable } from '#ground/files';
import { randomHex } from '#ground/ids';

/**
 * The name under which this host's openings of shared books are counted. It lies with the anchor, which counts the same: both stay out of
 * backups, so a folder that was copied to another host is another host.
 */
export async function hostId(slotDir: string): Promise<string> {
  await ensurePrivateFolder(slotDir);
  const path = join(slotDir, 'host-id');
  const known = readFileIfThere(path)?.toString('utf8').trim() ?? '';
  if (/^[0-9a-f]{32}$/.test(known)) return known;
  const made = randomHex(16);
  await writeDurable(path, `${made}\n`);
  return made;
}
