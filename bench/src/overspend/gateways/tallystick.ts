import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startCluster } from '../../../../tests/support/postgres-cluster.ts';
import { OPENAI } from '../../dialects/openai.ts';
import type { Admin } from '../../house/books.ts';
import { adminOf } from '../../house/tallystick.ts';
import { postgresMissing } from '../../ledger/postgres-missing.ts';
import { type Column, type Gateway, LIMIT_TOKENS, type Lot, type Site } from '../gateway.ts';
import { MODEL_OUTPUT_TOKENS_MAX, MODEL_WINDOW_TOKENS } from '../meter.ts';

type Running = { readonly child: ChildProcess; readonly url: string; readonly admin: Admin };
type Account = { readonly source: string; readonly key: string };

/**
 * The daemon as `npm start` runs it. Each lot is a source with that cap and a virtual key with that limit, made through the operator's routes,
 * which is what `tally source add` and `tally key create` call.
 * @param args what `npm start --` is given beside.
 */
export function tallystick(name: string, args: readonly string[]): Column {
  return { name, missing: () => null, open: (site) => open(name, args, site) };
}

/** The same with its books in PostgreSQL, on a server of its own, which is not killed. */
export const tallystickOnPostgres: Column = {
  name: 'tallystick-postgres',
  missing: () => postgresMissing,
  open: async (site) => {
    const server = await startCluster();
    const gateway = await open('tallystick-postgres', [], site, { DATABASE_URL: server.url() });
    const stop = async () => {
      await gateway.stop();
      await server.dispose();
    };
    return { ...gateway, version: 'Tallystick on PostgreSQL', stop };
  },
};

type Env = Readonly<Record<string, string>>;

async function open(name: string, args: readonly string[], { house, upstreamPort, lots }: Site, more: Env = {}): Promise<Gateway> {
  const data = mkdtempSync(join(house.folder, 'tallystick-'));
  const main = fileURLToPath(import.meta.resolve('@tallystick/server/main'));
  const start = async (): Promise<Running> => {
    const { child, line } = await house.spawn(name, ['--disable-warning=ExperimentalWarning', main, '--json', ...args], {
      env: { PORT: '0', TALLY_DATA_DIR: data, TALLY_SANDBOX: '0', TALLY_CHAIN: 'off', ...more },
    });
    const { url } = JSON.parse(line) as { url: string };
    return { child, url, admin: adminOf(url, readFileSync(join(data, 'admin-token'), 'utf8').trim()) };
  };
  let running = await start();
  const accounts = new Map<string, Account>();
  for (const lot of lots) accounts.set(lot.name, await accountFor(running.admin, lot, upstreamPort));
  const accountOf = (lot: Lot): Account => {
    const account = accounts.get(lot.name);
    if (account === undefined) throw new RangeError(`there is no lot ${lot.name}`);
    return account;
  };
  return {
    version: ['Tallystick', ...args].join(' '),
    cap: `the source's cap and the virtual key's limit, ${LIMIT_TOKENS} tokens each`,
    way: (lot) => ({ model: lot.name, url: `${running.url}/v1/chat/completions`, headers: OPENAI.keyHeader(accountOf(lot).key) }),
    crash: async () => {
      await house.kill(running.child);
      running = await start();
    },
    stop: () => house.stop(running.child),
    spentOf: async (lot) => Number((await running.admin<{ spent: string }>(`/sources/${accountOf(lot).source}`)).spent),
  };
}

/** A source and a key of its own, so that no other lot can pay. */
async function accountFor(admin: Admin, { name, credential }: Lot, upstreamPort: number): Promise<Account> {
  const declared = {
    window: MODEL_WINDOW_TOKENS,
    maxOutput: MODEL_OUTPUT_TOKENS_MAX,
    tokenizer: 'byte_bpe',
    endpoints: ['chat'],
    // The counting upstream has no template of its own.
    callFrame: 0,
  };
  const { id: source } = await admin<{ id: string }>('/sources', {
    name,
    provider: 'openai-compatible',
    base_url: `http://127.0.0.1:${upstreamPort}/v1`,
    api_key: credential,
    cap: LIMIT_TOKENS,
    models: { [name]: declared },
  });
  const { virtual_key: key } = await admin<{ virtual_key: string }>('/keys', { name, limit: LIMIT_TOKENS, sources: [source] });
  return { source, key };
}
