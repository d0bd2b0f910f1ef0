import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import type { Env, Io } from '../io.ts';
import { run } from '../run.ts';

export const TOKEN = 'tally_admin_for_tests_only_0123456789';
export const NOW = Date.parse('2026-01-01T00:00:00Z');

export type Setting = {
  readonly cwd: string;
  readonly env?: Env;
  readonly stdin?: string;
  /** Standard output and error are a terminal. */
  readonly terminal?: boolean;
  /** What a person at the keyboard types; makes standard input a terminal. */
  readonly typed?: string;
  readonly daemonMain?: string;
};
export type Ran = { readonly code: number; readonly out: string; readonly err: string; readonly replaced: readonly (readonly string[])[] };

/** Runs a command line in this process, with surroundings of its own. */
export async function tally(args: readonly string[], setting: Setting): Promise<Ran> {
  const [stdout, stderr] = [collector(setting.terminal), collector(setting.terminal)];
  const replaced: (readonly string[])[] = [];
  const keyboard = setting.typed === undefined ? undefined : Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => undefined });
  keyboard?.write(setting.typed);
  const io: Io = {
    env: { PATH: process.env['PATH'], ...setting.env },
    cwd: setting.cwd,
    stdin: keyboard ?? Readable.from(setting.stdin === undefined ? [] : [Buffer.from(setting.stdin)]),
    stdout,
    stderr,
    now: (() => {
      let now = NOW;
      return () => (now += 50);
    })(),
    sleep: async () => undefined,
    mains: { daemon: () => setting.daemonMain ?? '/nowhere/daemon.ts', sandbox: () => '/nowhere/sandbox.ts' },
    replace: (argv) => void replaced.push(argv),
  };
  const code = await run(args, io);
  return { code, out: stdout.text(), err: stderr.text(), replaced };
}

function collector(isTTY = false) {
  const stream = new PassThrough();
  return Object.assign(stream, { isTTY, text: () => (stream.read() as Buffer | null)?.toString('utf8') ?? '' });
}

export type Seen = {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
};
/** A string is sent as it is; one that begins with `event:` as a stream of events. */
type Reply = readonly [status: number, body: unknown] | string;
export type FakeDaemon = { readonly url: string; readonly seen: Seen[]; close(): Promise<void> };

/** A daemon that answers from a table of `METHOD /path`; a list is answered one by one, its last for good. */
export async function fakeDaemon(routes: Readonly<Record<string, Reply | readonly Reply[]>>): Promise<FakeDaemon> {
  const seen: Seen[] = [];
  const turns = new Map<string, number>();
  const server = createServer(async (req, res) => {
    const text = await bodyOf(req);
    const place = `${req.method} ${req.url}`;
    seen.push({
      method: req.method ?? '',
      path: req.url ?? '',
      authorization: req.headers.authorization,
      headers: req.headers,
      body: text === '' ? undefined : JSON.parse(text),
    });
    const found = place === 'GET /healthz' && !(place in routes) ? ([200, { status: 'ok' }] as Reply) : routes[place];
    const replies = (Array.isArray(found) && typeof found[0] !== 'number' ? found : [found]) as readonly (Reply | undefined)[];
    const turn = turns.get(place) ?? 0;
    turns.set(place, turn + 1);
    const reply = replies[Math.min(turn, replies.length - 1)] ?? [
      404,
      { error: { code: 'ROUTE_UNKNOWN', message: 'There is no such route.', fix: 'Look.' } },
    ];
    if (typeof reply === 'string') {
      if (reply.startsWith('event:')) res.setHeader('content-type', 'text/event-stream; charset=utf-8');
      res.end(reply);
    } else res.writeHead(reply[0], { 'content-type': 'application/json' }).end(JSON.stringify(reply[1]));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen, close };
}

async function bodyOf(req: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of req) text += String(chunk);
  return text;
}

/** A folder of its own for a test, with a data folder in it: the operator's token, and where the daemon says that it is. */
export function workFolder(url?: string): { readonly cwd: string; file(name: string, text: string | Uint8Array): string; remove(): void } {
  const cwd = mkdtempSync(join(tmpdir(), 'tally-cli-'));
  const file = (name: string, text: string | Uint8Array) => {
    writeFileSync(join(cwd, name), text, { mode: 0o600 });
    return join(cwd, name);
  };
  file('admin-token', `${TOKEN}\n`);
  if (url !== undefined) file('daemon.json', JSON.stringify({ url, pid: 1 }));
  // The data folder is the working folder itself: see `env` of each test.
  return { cwd, file, remove: () => rmSync(cwd, { recursive: true, force: true }) };
}

/** The data folder is the working folder itself. */
export const HERE: Env = { TALLY_DATA_DIR: '.' };
