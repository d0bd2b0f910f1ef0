import { existsSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { CliError, misconfigured, usage } from './cli-error.ts';
import type { Io } from './io.ts';
import { dataDir, hasBooks, setting } from './settings.ts';

const DEFAULT_URL = 'http://127.0.0.1:8402';

/** Where the daemon is: `named` by the caller, `marked` by the daemon in its data folder, or only `assumed`. */
export type Place = { readonly url: string; readonly known: 'named' | 'marked' | 'assumed' };

export function findDaemon(io: Io, given: string | undefined): Place {
  const named = given ?? (io.env['TALLY_URL'] === '' ? undefined : io.env['TALLY_URL']);
  if (named !== undefined) return { url: origin(named, given === undefined ? 'TALLY_URL' : '--url'), known: 'named' };
  return findLocal(io) ?? { url: DEFAULT_URL, known: 'assumed' };
}

/** The daemon that marked this data folder as its own. */
export function findLocal(io: Io): Place | undefined {
  const url = readMarker(io);
  return url === undefined ? undefined : { url, known: 'marked' };
}

/**
 * The operator's token: TALLY_ADMIN_TOKEN, else the file in the data folder. The file's token goes only to this host, or to the address
 * that the daemon itself wrote beside it: a URL given by hand must not be able to fetch it.
 * @throws CONFIG_INVALID
 */
export function adminToken(io: Io, place: Place): string {
  refuseStranger(io, place);
  const configured = setting(io, 'TALLY_ADMIN_TOKEN') ?? '';
  if (configured !== '') {
    refuseClearText(io, place.url, 'The operator’s token');
    return configured;
  }
  if (place.known === 'named' && !isLoopback(place.url)) {
    throw misconfigured('The token file of this host is not sent to another one.', 'Set TALLY_ADMIN_TOKEN to the token of that daemon.');
  }
  try {
    const token = readFileSync(join(dataDir(io), 'admin-token'), 'utf8').trim();
    // What a header cannot carry would fail later, with a message that quotes it.
    if (/^[\x21-\x7e]+$/.test(token)) return token;
  } catch {
    // Said below: the reason (no file, no right to read it) is the same thing to mend.
  }
  throw misconfigured(
    'No operator token: the data folder has no `admin-token` that can be read.',
    'Run this in the folder of the daemon, set TALLY_DATA_DIR to its data folder, or set TALLY_ADMIN_TOKEN.',
  );
}

export function isLoopback(url: string): boolean {
  const host = new URL(url).hostname;
  return host === 'localhost' || host === '[::1]' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** Before a secret of a donor's is sent. @param what it is, as the refusal begins. @throws CONFIG_INVALID, DAEMON_UNREACHABLE */
export function refuseToTell(io: Io, place: Place, what: string): void {
  refuseStranger(io, place);
  refuseClearText(io, place.url, what);
}

/** Whoever answers on the default port while the data folder's own daemon is away is another one, with other books. */
function refuseStranger(io: Io, place: Place): void {
  if (place.known === 'assumed' && hasBooks(io))
    throw new CliError('DAEMON_UNREACHABLE', 'No daemon runs on this data folder.', 'unreachable');
}

function refuseClearText(io: Io, url: string, what: string): void {
  if (url.startsWith('https:') || isLoopback(url) || setting(io, 'TALLY_INSECURE_HTTP') === '1') return;
  throw misconfigured(`${what} would cross the network in clear text.`, 'Use an https URL, or set TALLY_INSECURE_HTTP=1.');
}

function origin(text: string, name: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.search !== '' || url.hash !== '') {
    throw usage(`${name} must be an http or https URL without credentials or query.`, 'For example http://127.0.0.1:8402.');
  }
  return url.href.replace(/\/+$/, '');
}

/** Whoever took the port of a daemon that crashed must not be sent its operator's token. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** `daemon.json`, written by the daemon when it is ready. After a crash it is stale: its process is gone. */
function readMarker(io: Io): string | undefined {
  const path = join(dataDir(io), 'daemon.json');
  if (!existsSync(path)) return undefined;
  try {
    const { url, pid } = JSON.parse(readFileSync(path, 'utf8')) as { url?: unknown; pid?: unknown };
    if (typeof pid === 'number' && !isAlive(pid)) return undefined;
    return typeof url === 'string' ? origin(url, 'daemon.json') : undefined;
  } catch {
    return undefined;
  }
}
