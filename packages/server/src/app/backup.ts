import { constants, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { TallyError } from '@tallystick/core';
import { systemClock } from '#ground/clock';
import type { Config } from '#ground/config';
import { hashFile, writeDurable } from '#ground/files';
import { ARCHIVE_NAME, monthName } from '#ledger';
import { RECONCILE } from './anchor.ts';
import { archiveFolder } from './archive.ts';
import { type Books, openBooks } from './books.ts';
import { ARCHIVE, EXPORT_NAME } from './reconcile-archive.ts';

/** As in the data folder. */
const ARCHIVES = 'archive';
const FORMAT = 'tallystick-backup/1';
/** Books on their way from a backup into a database. */
const IMPORTED = 'ledger.db.restoring';
type Manifest = {
  readonly format: string;
  readonly made_at: number;
  readonly shred_mode: string;
  readonly files: Readonly<Record<string, string>>;
  /** SHA-256 of every archived month's file, whether or not it is on this host. */
  readonly archives: Readonly<Record<string, string>>;
};

/**
 * A consistent copy of the books, the sealed secrets and the audit log. Not in it: the master key, the operator's token and,
 * unless destruction is only claimed for this host, the slots: without them a destroyed secret stays destroyed in every copy.
 */
export async function backup(
  books: Pick<Books, 'vault' | 'ledger' | 'clock'> & { readonly config: Config },
  folder: string,
): Promise<Manifest & { readonly folder: string }> {
  const { config, vault, ledger, clock } = books;
  const to = resolve(folder);
  if (existsSync(to) && readdirSync(to).length > 0) throw new TallyError('BACKUP_INVALID', 'The backup folder is not empty.');
  if (within(config.TALLY_DATA_DIR, to)) throw new TallyError('BACKUP_INVALID', 'The backup folder must not be inside the data folder.');
  // The kernel's own file systems: some make `mkdir` try for ever.
  if (/^\/(proc|sys|dev)(\/|$)/.test(to)) throw new TallyError('BACKUP_INVALID', 'The backup folder must be on a disk.');
  try {
    mkdirSync(to, { recursive: true, mode: 0o700 });
  } catch {
    throw new TallyError('BACKUP_INVALID', 'The backup folder cannot be made.');
  }
  await vault.audit('backup.made', 'backup', { slots: vault.mode === 'recoverable' });
  await ledger.backup(join(to, 'ledger.db'));
  cpSync(join(config.TALLY_DATA_DIR, 'vault'), join(to, 'vault'), { recursive: true });
  copyExports(config.TALLY_DATA_DIR, to);
  // After the books: what they name is there.
  await copyArchives(archiveFolder(config), join(to, ARCHIVES));
  // Only the slots: the anchor beside them is what detects an old copy, so it is in none.
  if (vault.mode === 'recoverable') cpSync(join(config.TALLY_SLOT_DIR, 'slots'), join(to, 'slots'), { recursive: true });
  const named = await ledger.archives.list();
  const archives = Object.fromEntries(named.map(({ month, fileHash }) => [monthName(month), fileHash]));
  const about = { format: FORMAT, made_at: clock.wallMs(), shred_mode: vault.mode };
  const manifest: Manifest = { ...about, files: await hashes(to), archives };
  await writeDurable(join(to, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  return { ...manifest, folder: to };
}

export type Restored = {
  readonly restored: true;
  readonly sources_frozen: number;
  readonly secrets_missing: number;
  /** Archives that the restored books name and that are not here, or are others: one sentence each. */
  readonly archives_missing: readonly string[];
  /** Sources whose secret cannot be opened here, because their slot is not: their keys must be added anew. */
  readonly missing: readonly { readonly id: string; readonly name: string }[];
};

/**
 * Puts a backup into an empty data folder (slots that are still on this host are used); its books go into the database where one is
 * configured, which must be empty too. What was spent after the backup is not in it, so every source starts frozen until the operator has
 * compared it with the provider.
 * @throws BACKUP_INVALID
 */
export async function restore(
  config: Config,
  folder: string,
  env: NodeJS.ProcessEnv,
  stdin: NodeJS.ReadableStream | null,
): Promise<Restored> {
  const from = resolve(folder);
  await checkManifest(from);
  const dir = config.TALLY_DATA_DIR;
  // A write-ahead log without its database counts too: it would be played into the restored one.
  if (existsSync(dir) && readdirSync(dir).some((name) => /^(vault|ledger\.db(-wal|-shm)?)$/.test(name))) {
    throw new TallyError(
      'BACKUP_INVALID',
      'The data folder already has books. Move `ledger.db*` and `vault` away first (leave `slots` where they are).',
    );
  }
  await refuseOtherArchives(join(from, ARCHIVES), archiveFolder(config));
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const putBack = setAside(config, from);
  const slots = join(config.TALLY_SLOT_DIR, 'slots');
  const bringsSlots = existsSync(join(from, 'slots')) && (!existsSync(slots) || readdirSync(slots).length === 0);
  try {
    cpSync(join(from, 'vault'), join(dir, 'vault'), { recursive: true });
    if (bringsSlots) cpSync(join(from, 'slots'), slots, { recursive: true });
    if (config.DATABASE_URL !== '') {
      // A copy, because an older backup is brought up to date before it is read.
      cpSync(join(from, 'ledger.db'), join(dir, IMPORTED));
      copyExports(from, dir);
      return await freezeAll(config, env, stdin, join(dir, IMPORTED));
    }
    cpSync(join(from, 'ledger.db'), join(dir, 'ledger.db'));
    copyExports(from, dir);
    await copyArchives(join(from, ARCHIVES), archiveFolder(config));
    return await freezeAll(config, env, stdin, null);
  } catch (error) {
    // Nothing half-restored stays: with the right key the same command works.
    for (const name of ['vault', 'ledger.db', 'ledger.db-wal', 'ledger.db-shm']) rmSync(join(dir, name), { recursive: true, force: true });
    if (bringsSlots) rmSync(slots, { recursive: true, force: true });
    putBack();
    throw error;
  } finally {
    for (const end of ['', '-wal', '-shm']) rmSync(join(dir, IMPORTED + end), { force: true });
  }
}

/**
 * What this host remembers of books later than the backup: the anchor, which would rightly say that the backup is old, and the slots of
 * secrets that the backup does not know, which opening it would shred. Kept, so that whoever finds the later books can go back to them.
 * @returns what undoes it.
 */
function setAside(config: Config, from: string): () => void {
  const { TALLY_SLOT_DIR: slotDir } = config;
  const aside = join(slotDir, `before-restore-${systemClock.wallMs()}`);
  const known = new Set(readdirSync(join(from, 'vault', 'sealed')).map((name) => name.replace(/\.seal$/, '.slot')));
  const slots = existsSync(join(slotDir, 'slots')) ? readdirSync(join(slotDir, 'slots')) : [];
  const names = ['anchor.json', 'heads.json', ...slots.filter((name) => !known.has(name)).map((name) => join('slots', name))];
  const moved = names.filter((name) => existsSync(join(slotDir, name)));
  if (moved.length > 0) mkdirSync(join(aside, 'slots'), { recursive: true, mode: 0o700 });
  for (const name of moved) renameSync(join(slotDir, name), join(aside, name));
  return () => {
    for (const name of ['anchor.json', 'heads.json']) rmSync(join(slotDir, name), { force: true });
    for (const name of moved) renameSync(join(aside, name), join(slotDir, name));
    rmSync(aside, { recursive: true, force: true });
  };
}

/** What reconciliations rest on; not the marks of those that are under way, which belong to the audit log of this host. */
function copyExports(from: string, to: string): void {
  const folder = join(from, ARCHIVE);
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => EXPORT_NAME.test(name)) : [];
  for (const name of names) cpSync(join(folder, name), join(to, ARCHIVE, name));
}

/** Archives never change, so what is there already is the same: `refuseOtherArchives`. */
async function copyArchives(from: string, to: string): Promise<void> {
  for (const name of archivesIn(from)) {
    mkdirSync(to, { recursive: true, mode: 0o700 });
    if (!existsSync(join(to, name))) await copyFile(join(from, name), join(to, name), constants.COPYFILE_FICLONE);
  }
}

function archivesIn(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder).filter((name) => ARCHIVE_NAME.test(name)) : [];
}

/** Archives of other books than those that are restored belong to whoever finds those: they are not written over. */
async function refuseOtherArchives(from: string, to: string): Promise<void> {
  for (const name of archivesIn(from)) {
    if (!existsSync(join(to, name)) || (await hashFile(join(from, name))) === (await hashFile(join(to, name)))) continue;
    throw new TallyError('BACKUP_INVALID', `The data folder has another archive of the same month: move \`archive/${name}\` away first.`);
  }
}

async function freezeAll(
  config: Config,
  env: NodeJS.ProcessEnv,
  stdin: NodeJS.ReadableStream | null,
  importing: string | null,
): Promise<Restored> {
  const books = await openBooks(config, env, stdin, importing === null ? {} : { importing });
  try {
    const sources = (await books.ledger.accounts('source')).filter(({ state }) => state === 'active' || state === 'paused');
    for (const { id } of sources) await books.ledger.setState(id, 'frozen', RECONCILE);
    await books.vault.audit('backup.restored', 'backup', { sources_frozen: sources.length });
    const names = new Map((await books.ledger.sources()).map(({ id, name }) => [id, name]));
    const lost = sources.filter(({ id }) => !existsSync(join(config.TALLY_SLOT_DIR, 'slots', `${id}.slot`)));
    const missing = lost.map(({ id }) => ({ id, name: names.get(id) ?? '' }));
    const archives_missing = await books.ledger.archives.faults();
    return { restored: true, sources_frozen: sources.length, secrets_missing: missing.length, missing, archives_missing };
  } finally {
    await books.close();
  }
}

async function checkManifest(from: string): Promise<void> {
  const path = join(from, 'manifest.json');
  if (!existsSync(path)) throw new TallyError('BACKUP_INVALID', 'The folder has no manifest: it is no whole backup.');
  let manifest: Manifest | null;
  try {
    manifest = JSON.parse(readFileSync(path, 'utf8')) as Manifest | null;
  } catch (cause) {
    throw new TallyError('BACKUP_INVALID', 'The backup’s manifest is not valid JSON.', {}, { cause });
  }
  if (manifest?.format !== FORMAT || typeof manifest.files !== 'object')
    throw new TallyError('BACKUP_INVALID', 'The backup has a format that this version does not know.');
  const now = await hashes(from);
  const names = new Set([...Object.keys(now), ...Object.keys(manifest.files)]);
  for (const name of names)
    if (now[name] !== manifest.files[name]) throw new TallyError('BACKUP_INVALID', `The backup was changed or is incomplete: ${name}.`);
}

async function hashes(folder: string): Promise<Record<string, string>> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name !== 'manifest.json' && statSync(join(folder, name)).isFile(),
  );
  const files: Record<string, string> = {};
  for (const name of names.sort()) files[name] = (await hashFile(join(folder, name))) ?? '';
  return files;
}

function within(parent: string, child: string): boolean {
  const path = relative(parent, child);
  return path === '' || !path.startsWith('..');
}
