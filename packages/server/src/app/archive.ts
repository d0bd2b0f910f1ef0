import { basename, join } from 'node:path';
import { TallyError } from '@tallystick/core';
import type { Config } from '#ground/config';
import type { Log } from '#ground/log';
import { type Archive, type ArchiveQuestion, type Ledger, monthName } from '#ledger';
import type { Vault } from '#vault';
import { type Report, report, several } from './doctor.ts';

/** Months that are archived, below the data folder. */
const FOLDER = 'archive';
/** The audit log's words: what will be written; the file, before any row leaves the books for it; that they have left. */
const WRITING = 'archive.writing';
const SEALED = 'archive.sealed';
const REMOVED = 'archive.removed';
const REFUSED = 'archive.refused';
const SUBJECT = 'books';

type Stores = { readonly vault: Vault; readonly ledger: Ledger };

export type ArchiveInput = {
  /** yyyymm: only months before it. */
  readonly before: number;
  readonly dryRun: boolean;
};

export type ArchiveView = Readonly<Record<string, string | number>>;

/** `next`: the oldest month that is not archived; `why` it is not, or what a dry run would do. */
export type ArchiveAnswer = {
  readonly archived: ArchiveView | null;
  readonly next: string | null;
  readonly why: string | null;
  readonly dry_run: boolean;
};

let busy = false;

export function archiveFolder(config: Pick<Config, 'TALLY_DATA_DIR'>): string {
  return join(config.TALLY_DATA_DIR, FOLDER);
}

/**
 * Archives the oldest month, if it may be: written, verified, in the audit log, and only then out of the books. Calls go on meanwhile.
 * One that a crash cut short is carried on first. @throws STATE_INVALID, TAMPERED, ARCHIVE_MISSING
 */
export async function archiveMonth(stores: Stores & { readonly config: Config }, input: ArchiveInput): Promise<ArchiveAnswer> {
  const { config, ledger } = stores;
  const question: ArchiveQuestion = { before: input.before, keepMonths: config.TALLY_ARCHIVE_KEEP_MONTHS };
  return alone(async () => {
    const next = await ledger.archives.next(question);
    const none = { archived: null, dry_run: input.dryRun };
    if (next.result === 'nothing') return { ...none, next: null, why: 'no month before the one that was named is in the books' };
    if (next.result === 'refused') return { ...none, next: monthName(next.month), why: next.why };
    const month = next.result === 'sealed' ? next.archive.month : next.month;
    if (input.dryRun) return { ...none, next: monthName(month), why: 'it would be archived now' };
    const archive = next.result === 'sealed' ? next.archive : await seal(stores, question, month);
    await carryOn(stores, archive);
    return { archived: viewOf(ledger, archive), next: null, why: null, dry_run: false };
  });
}

async function alone<T>(work: () => Promise<T>): Promise<T> {
  if (busy) throw new TallyError('STATE_INVALID', 'A month is being archived now.');
  busy = true;
  try {
    return await work();
  } finally {
    busy = false;
  }
}

async function seal({ vault, ledger }: Stores, question: ArchiveQuestion, month: number): Promise<Archive> {
  await vault.audit(WRITING, SUBJECT, { month: monthName(month) });
  try {
    const outcome = await ledger.archives.seal(question);
    if (outcome.result === 'sealed') return outcome.archive;
    throw new TallyError('STATE_INVALID', outcome.result === 'refused' ? `${monthName(month)}: ${outcome.why}.` : undefined);
  } catch (error) {
    if (error instanceof TallyError) await vault.audit(REFUSED, SUBJECT, { month: monthName(month), code: error.code });
    throw error;
  }
}

/** No row leaves the books before the audit log has the file that it is in. After a crash the log may say the same once more. */
async function carryOn({ vault, ledger }: Stores, archive: Archive): Promise<void> {
  const { postings, receipts, roots, events, fileHash, bytes } = archive;
  const month = monthName(archive.month);
  if (archive.state === 'sealed') {
    await vault.audit(SEALED, SUBJECT, { month, sha256: fileHash, bytes, postings, receipts, roots, events });
    await ledger.archives.remove(archive.month);
  }
  await vault.audit(REMOVED, SUBJECT, { month, sha256: fileHash });
  await ledger.archives.finish(archive.month);
}

/**
 * Carries on what a crash cut short, beside the calls, for it may take a while. Never throws: what cannot be done now is done with the next
 * archive, or at the next start.
 */
export async function finishArchive(stores: Stores, log: Log): Promise<void> {
  try {
    const last = (await stores.ledger.archives.list()).at(-1);
    if (last === undefined || last.state === 'done') return;
    await alone(() => carryOn(stores, last));
    log.warn({ month: monthName(last.month) }, 'an archive that a crash interrupted was finished');
  } catch (error) {
    log.error(
      { code: error instanceof TallyError ? error.code : 'INTERNAL' },
      'an archive that a crash interrupted could not be finished yet',
    );
  }
}

export async function listArchives({ ledger }: Pick<Stores, 'ledger'>): Promise<readonly ArchiveView[]> {
  return (await ledger.archives.list()).map((archive) => viewOf(ledger, archive));
}

/** A file on this host, by itself and against the books. @throws ARCHIVE_MISSING */
export async function verifyArchive({ ledger }: Pick<Stores, 'ledger'>, file: string): Promise<Report> {
  const findings = await ledger.archives.verify(file);
  return report(several('archive', findings, `${basename(file)} agrees with itself and with the books`));
}

function viewOf(ledger: Ledger, archive: Archive): ArchiveView {
  const { month, state, fileHash, bytes, postings, receipts, roots, events, sealedAt } = archive;
  const file = ledger.archives.fileOf(month);
  return { month: monthName(month), state, file, sha256: fileHash, bytes, postings, receipts, roots, events, sealed_at: sealedAt };
}
