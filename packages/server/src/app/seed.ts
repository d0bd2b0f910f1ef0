import { SANDBOX_URL } from '#gateway';
import { randomToken } from '#ground/ids';
import { createKey } from './admin-keys.ts';
import { addSource } from './admin-sources.ts';
import type { Daemon } from './daemon.ts';

/** What a start offers to try at once. */
export type Seeded = { readonly sourceId: string | null; readonly cap: string | null; readonly virtualKey: string | null };

/** On empty books: one sandbox source with a small cap, and one virtual key. On books with data: nothing is changed. */
export async function seed(daemon: Daemon, sandbox: boolean): Promise<Seeded> {
  const { ledger, config } = daemon;
  const rows = await ledger.sources();
  if (rows.length === 0 && sandbox) {
    await addSource(daemon, {
      name: 'sandbox',
      provider: 'sandbox',
      base_url: SANDBOX_URL,
      api_key: `sk-${randomToken(24)}`,
      cap: BigInt(config.TALLY_SANDBOX_CAP),
      settle: 'metered',
      count_consent: false,
      models: {},
      tariff: [],
    });
  }
  const virtualKey =
    (await ledger.keys()).length === 0 ? (await createKey(daemon, { name: 'first', tenant: 'default', replay_s: 0 })).virtual_key : null;
  const first = (await ledger.sources()).find(({ mode }) => mode === 1);
  const account = first === undefined ? null : await ledger.account(first.id);
  return { sourceId: first?.id ?? null, cap: account === null ? null : String(account.limit), virtualKey };
}
