import { CliError } from './cli-error.ts';
import type { Context } from './context.ts';
import { hasBooks } from './settings.ts';

/** Reading all books through takes a while. */
export const WHOLE_BOOKS_MS = 600_000;

/**
 * Asks the daemon where one is up, else works on the data folder itself. A daemon that was named by --url or TALLY_URL is the one that is
 * meant, so its silence is an error; so is silence where the data folder has no books to look at.
 */
export async function onlineElse<T>(context: Context, online: () => Promise<T>, offline: () => Promise<T>): Promise<T> {
  const { client, io, out } = context;
  if (client.place.known === 'named') return online();
  // Books without the daemon's mark are nobody's now; who answers at the default address then serves other books.
  const mine = client.place.known === 'marked' || !hasBooks(io);
  if (mine && (await client.isUp())) return online();
  if (!hasBooks(io))
    throw new CliError('DAEMON_UNREACHABLE', `No daemon answers at ${client.place.url}, and the data folder has no books.`, 'unreachable');
  out.note('No daemon is running: working on the data folder itself.');
  return offline();
}
