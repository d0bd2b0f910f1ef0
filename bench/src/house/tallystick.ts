import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Dialect } from '../dialects/dialect.ts';
import { type Account, type Admin, type Books, checkBooks } from './books.ts';
import type { House } from './house.ts';
import type { Subject } from './subjects.ts';

/** The largest cap that a source takes. */
const CAP = 100_000_000;

/** The daemon as `npm start` runs it, but for the sandbox and the chain: every call has a durable hold, a metered settlement and a signed receipt. */
export type Tallystick = { readonly subject: Subject; books(servedOf: () => Promise<Readonly<Record<string, number>>>): Promise<Books> };

export type TallystickOptions = {
  readonly dialects: readonly Dialect[];
  /** Folder for CPU profiles, or null. */
  readonly profile: string | null;
  /** Configuration beyond the defaults. */
  readonly env: Readonly<Record<string, string>>;
};

export async function tallystick(house: House, upstreamPort: number, options: TallystickOptions): Promise<Tallystick> {
  const { profile } = options;
  const main = fileURLToPath(import.meta.resolve('@tallystick/server/main'));
  const data = join(house.folder, 'data');
  const profiling = profile === null ? [] : ['--cpu-prof', '--cpu-prof-interval', '500', `--cpu-prof-dir=${profile}`];
  const { child, line } = await house.spawn('tallystick', ['--disable-warning=ExperimentalWarning', ...profiling, main, '--json'], {
    env: { ...options.env, PORT: '0', TALLY_DATA_DIR: data, TALLY_SANDBOX: '0', TALLY_CHAIN: 'off' },
  });
  const { url, virtual_key } = JSON.parse(line) as { url: string; virtual_key: string };
  const admin = adminOf(url, readFileSync(join(data, 'admin-token'), 'utf8').trim());
  const way = (dialect: Dialect, path: string) => ({ url: `${url}${path}`, headers: dialect.keyHeader(virtual_key) });
  const accounts: Account[] = [];
  for (const dialect of options.dialects) {
    const key = `sk-tallystick-${dialect.name}-0123456789`;
    const { id } = await admin<{ id: string }>('/sources', sourceOf(dialect, key, upstreamPort));
    accounts.push({ dialect, id, key, way: way(dialect, dialect.json.path) });
  }
  return { subject: { name: 'Tallystick', child, way }, books: (servedOf) => checkBooks(admin, url, accounts, servedOf) };
}

function sourceOf({ name, base, declared }: Dialect, key: string, upstreamPort: number): object {
  const base_url = `http://127.0.0.1:${upstreamPort}${base}`;
  return { name: `bench ${name}`, provider: name, base_url, api_key: key, cap: CAP, models: declared };
}

/** The operator’s routes of a running daemon. */
export function adminOf(url: string, token: string): Admin {
  return async <T>(path: string, body?: unknown) => {
    const response = await fetch(`${url}/api/admin${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`Tallystick refused ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  };
}
