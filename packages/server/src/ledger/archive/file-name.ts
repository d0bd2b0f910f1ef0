import { join } from 'node:path';

/** Where the archive of a month is, below the data folder. @param month yyyymm */
export function archivePath(folder: string, bookId: string, month: number): string {
  return join(folder, `${bookId}-${month}.db`);
}

/** Names of archives, and of nothing else that may lie in their folder. */
export const ARCHIVE_NAME = /^[\w.:-]+-\d{6}\.db$/;
