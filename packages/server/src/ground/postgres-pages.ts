import type { PgSession } from './postgres-session.ts';
import type { PgParam, PgRow } from './postgres-values.ts';

const FIRST = 'the pages of a query are read inside an open transaction';
let cursors = 0;

/** See `PgSession.pages`. A consumer that leaves early closes the cursor. */
export async function* pagesOf(
  session: PgSession,
  text: string,
  values: readonly PgParam[],
  pageRows: number,
): AsyncGenerator<readonly PgRow[], void, undefined> {
  if (session.transaction !== 'open') throw new Error(FIRST);
  if (!Number.isSafeInteger(pageRows) || pageRows < 1) throw new Error('a page has at least one row');
  cursors += 1;
  const cursor = `pages_${cursors}`;
  const fetch = { text: `FETCH ${pageRows} FROM ${cursor}` };
  const first = await session.pipeline([{ text: `DECLARE ${cursor} NO SCROLL CURSOR FOR ${text}`, values }, fetch]);
  let rows = first[1]?.rows ?? [];
  try {
    while (rows.length > 0) {
      yield rows;
      if (rows.length < pageRows) break;
      rows = (await session.query(fetch.text)).rows;
    }
  } finally {
    // A transaction that has failed or ended meanwhile took the cursor with it.
    if (session.isOpen && session.transaction === 'open') await session.query(`CLOSE ${cursor}`);
  }
}
