import { TallyError } from '@tallystick/core';
import { hashFile } from '#ground/files';
import type { Channel } from '../channel.ts';
import { monthName } from '../months.ts';
import type { BooksAt } from '../types.ts';
import { archivePath } from './file-name.ts';
import { type ArchiveTask, type FileReport, runArchiveJob } from './job.ts';
import type { Archive, ArchiveState, LedgerArchives } from './types.ts';

/** What an engine brings for its archives. */
export type Archiving = {
  readonly at: BooksAt;
  readonly bookId: string;
  readonly chainKey: Uint8Array;
  /** Where the files are. */
  readonly folder: string;
  /** Removes from the books what a sealed archive has. Idempotent. */
  removeRows(archive: Archive, file: string, channel: Channel): Promise<void>;
};

type Deps = { readonly archiving: Archiving | null; readonly channel: Channel; readonly list: LedgerArchives['list'] };

/** Books that were opened with no place for archives. */
function withoutFolder(list: LedgerArchives['list']): LedgerArchives {
  const refuse = () => Promise.reject(new TallyError('STATE_INVALID', 'These books have no place for archives.'));
  const nothing = { next: refuse, seal: refuse, remove: refuse, finish: refuse, verify: refuse, faults: refuse };
  return { folder: '', fileOf: () => '', list, ...nothing };
}

export function archivesOf({ archiving, channel, list }: Deps): LedgerArchives {
  if (archiving === null) return withoutFolder(list);
  const { at, bookId, chainKey, folder } = archiving;
  const fileOf = (month: number) => archivePath(folder, bookId, month);
  const job = (task: ArchiveTask) => runArchiveJob({ at, bookId, chainKey, folder, task });
  const mark = (month: number, state: ArchiveState) => channel.ask<void>({ kind: 'markArchive', body: { month, state } });
  const passTime = () => channel.ask<number>({ kind: 'passTime' });
  const find = async (month: number): Promise<Archive> => {
    const archive = (await list()).find((one) => one.month === month);
    if (archive === undefined) throw new TallyError('NOT_FOUND', `There is no archive of ${monthName(month)}.`);
    return archive;
  };
  return {
    folder,
    fileOf,
    list,
    next: async (question) => {
      const last = (await list()).at(-1);
      if (last !== undefined && last.state !== 'done') return { result: 'sealed', archive: last };
      const answer = await job({ kind: 'next', question, now: await passTime() });
      if (answer.result === 'written' || answer.result === 'verified') throw new Error('the archiving thread answered another question');
      return answer;
    },
    seal: async (question) => {
      const last = (await list()).at(-1);
      if (last !== undefined && last.state !== 'done') return { result: 'sealed', archive: last };
      const answer = await job({ kind: 'write', question, now: await passTime() });
      if (answer.result === 'refused' || answer.result === 'nothing') return answer;
      if (answer.result !== 'written') throw new Error('the archiving thread answered another question');
      return { result: 'sealed', archive: await channel.ask<Archive>({ kind: 'sealArchive', body: answer.draft }) };
    },
    remove: async (month) => {
      const archive = await find(month);
      if (archive.state !== 'sealed') return;
      // Nothing leaves the books but for a file that is there, and is the one that they name.
      const fault = await faultOf(archive, fileOf(month));
      if (fault !== null) throw fault;
      await archiving.removeRows(archive, fileOf(month), channel);
      await mark(month, 'removed');
    },
    finish: async (month) => {
      if ((await find(month)).state !== 'done') await mark(month, 'done');
    },
    verify: async (file) => {
      const answer = await job({ kind: 'verify', file });
      if (answer.result !== 'verified') throw new Error('the archiving thread answered another question');
      return [...answer.report.findings, ...compared(answer.report, bookId, await list())];
    },
    faults: async () => {
      const faults: string[] = [];
      for (const archive of await list()) {
        const fault = await faultOf(archive, fileOf(archive.month));
        if (fault !== null) faults.push(fault.message);
      }
      return faults;
    },
  };
}

async function faultOf({ month, fileHash }: Archive, file: string): Promise<TallyError | null> {
  const found = await hashFile(file);
  const facts = { month: monthName(month), sha256: fileHash };
  if (found === null)
    return new TallyError('ARCHIVE_MISSING', `The archive of ${monthName(month)} is not here (SHA-256 ${fileHash}).`, facts);
  return found === fileHash ? null : new TallyError('TAMPERED', `The archive of ${monthName(month)} was changed.`, facts);
}

/** What the books say of a file: they name it by its hash. */
function compared(report: FileReport, bookId: string, archives: readonly Archive[]): readonly string[] {
  if (report.month === null || report.bookId === null) return [];
  const known = report.bookId === bookId ? archives.find(({ month }) => month === report.month) : undefined;
  if (known === undefined) return [`these books have no archive of ${monthName(report.month)} of book ${report.bookId}`];
  return known.fileHash === report.fileHash ? [] : [`the books name another file for ${monthName(report.month)}: ${known.fileHash}`];
}
