import { createHash } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '#ground/config';
import { createDurable, ensurePrivateFolder, listFolder, readFileIfThere, writeDurable } from '#ground/files';

/** What providers' exports were taken as, by their SHA-256: never changed, never removed, and in every backup. */
export const ARCHIVE = 'reconciled';
const PENDING = /^(.+)\.pending$/;
export const EXPORT_NAME = /^[0-9a-f]{64}$/;

export function hashExport(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function folderOf(config: Pick<Config, 'TALLY_DATA_DIR'>): string {
  return join(config.TALLY_DATA_DIR, ARCHIVE);
}

/** Durable when it resolves. The same bytes are kept once. */
export async function archiveExport(config: Config, bytes: Uint8Array): Promise<string> {
  const hash = hashExport(bytes);
  const folder = folderOf(config);
  await ensurePrivateFolder(folder);
  await createDurable(join(folder, hash), bytes).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  return hash;
}

/** What is wrong with an archived export, or null. @param isShared another host may have archived it, where it was read. */
export function archiveFault(config: Config, hash: string, isShared: boolean): string | null {
  const bytes = readFileIfThere(join(folderOf(config), hash));
  if (bytes === null) return isShared ? null : `the export ${hash} is gone`;
  return hashExport(bytes) === hash ? null : `the export ${hash} was changed`;
}

/** Says that the audit log may hold a reconciliation of this source which the books do not have yet: the next start looks. */
export async function markPending(config: Config, sourceId: string): Promise<void> {
  await writeDurable(join(folderOf(config), `${sourceId}.pending`), '');
}

export function unmarkPending(config: Config, sourceId: string): void {
  rmSync(join(folderOf(config), `${sourceId}.pending`), { force: true });
}

/** Sources with a reconciliation that may have been cut short. */
export function pendingSources(config: Config): readonly string[] {
  const folder = folderOf(config);
  const names = existsSync(folder) ? listFolder(folder) : [];
  return names.flatMap((name) => PENDING.exec(name)?.[1] ?? []);
}
