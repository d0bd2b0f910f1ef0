import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { TallyError } from '@tallystick/core';
import type { Config } from '#ground/config';
import { type BooksAt, findPostgresBooks } from '#ledger';
import { hasHostId } from './host-id.ts';

/**
 * Where the books are, by the settings, held against what this host has. Books in two places, or a second gateway in one database, are
 * refused before a key or a vault is made: each would count for itself, under the same caps.
 * @throws CONFIG_INVALID, LEDGER_UNAVAILABLE
 */
export async function placeOfBooks(config: Config, bookId: string): Promise<BooksAt> {
  const { TALLY_DATA_DIR: dir, TALLY_SLOT_DIR: slotDir, DATABASE_URL: url } = config;
  const file = join(dir, 'ledger.db');
  if (url === '') {
    if (!existsSync(file) && hasHostId(slotDir)) {
      throw refused(
        'DATABASE_URL is not set, but this host’s books are in PostgreSQL. Set it (for books in a file, restore a backup first).',
      );
    }
    return { file };
  }
  if (existsSync(file)) {
    throw refused(
      'DATABASE_URL names a database, but the data folder has books of its own (`ledger.db`). Move them there by `tally backup` and `tally restore`, or unset DATABASE_URL.',
    );
  }
  const found = await findPostgresBooks(url, bookId);
  if (found !== null && !existsSync(join(dir, 'vault'))) {
    throw refused(
      'DATABASE_URL: the database has the books of a gateway, and this host has no vault of it. Run `tally host invite FILE` there and `tally host join FILE` here.',
    );
  }
  return { url };
}

function refused(detail: string): TallyError {
  return new TallyError('CONFIG_INVALID', detail, { setting: 'DATABASE_URL' });
}
