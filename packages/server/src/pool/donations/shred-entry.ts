import type { Vault } from '#vault';

const PAGE = 1000;
/** The vault's own word on a secret that is gone: slot and record were destroyed before it was written. */
const DESTROYED = 'secret.destroyed';

type Log = Pick<Vault, 'auditEntries'>;

/** The number of the entry on a secret's destruction in this host's audit log, found from its end: it is nearly always among the last. */
export function shredEntryOf(vault: Log, id: string): number | null {
  for (let end = entriesOf(vault); end > 0; end -= PAGE) {
    const start = Math.max(0, end - PAGE);
    const found = vault.auditEntries(start, end - start).findLast(({ kind, subject }) => kind === DESTROYED && subject === id);
    if (found !== undefined) return found.seq;
  }
  return null;
}

/** How many entries there are, found by asking for single ones. */
function entriesOf(vault: Log): number {
  const isThere = (seq: number) => vault.auditEntries(seq, 1).length > 0;
  if (!isThere(0)) return 0;
  let last = 1;
  while (isThere(last)) last *= 2;
  let first = Math.floor(last / 2);
  while (first + 1 < last) {
    const middle = Math.floor((first + last) / 2);
    if (isThere(middle)) first = middle;
    else last = middle;
  }
  return first + 1;
}
