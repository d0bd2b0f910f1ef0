import type { Clock } from '#ground/clock';
import { type Account, type Ledger, providerGate, type SourceRow } from '#ledger';
import { type DialectName, DONATION_KIND, type Keys, modelsAt, type PoolKey } from '#pool';
import type { Vault } from '#vault';

export type PoolKeysDeps = {
  readonly ledger: Pick<Ledger, 'sources' | 'accounts' | 'records'>;
  readonly vault: Pick<Vault, 'has'>;
  readonly clock: Clock;
};

const PAGE = 100;
/** Less time than this left to a key: no call is begun with it. */
const MINUTES_MS_MIN = 1_000n;
const DIALECTS: Readonly<Record<SourceRow['provider'], DialectName>> = {
  openai: 'openai',
  'openai-compatible': 'openai',
  sandbox: 'openai',
  anthropic: 'anthropic',
  google: 'google',
};

/** The donated keys that tasks may use, as the books have them at each moment. */
export class PoolKeys implements Keys {
  readonly #deps: PoolKeysDeps;

  constructor(deps: PoolKeysDeps) {
    this.#deps = deps;
  }

  async active(provider: string): Promise<readonly PoolKey[]> {
    const { ledger, vault } = this.#deps;
    const gate = providerGate(provider);
    const rows = (await ledger.sources()).filter(({ id, pool, groups }) => pool && groups.includes(gate) && vault.has(id));
    if (rows.length === 0) return [];
    const given = await this.#given();
    const accounts = new Map((await ledger.accounts('source')).map((account) => [account.id, account]));
    const minutes = new Map((await ledger.accounts('minutes')).map((account) => [account.id, account]));
    return rows.flatMap((row) => {
      const account = accounts.get(row.id);
      const time = row.minutesAccountId === null ? null : minutes.get(row.minutesAccountId);
      const hasTime = time === null || (time !== undefined && this.#isOpen(time) && leftOf(time) >= MINUTES_MS_MIN);
      if (account === undefined || !given.has(row.id) || !this.#isOpen(account) || !hasTime) return [];
      return [keyOf(row, provider, account)];
    });
  }

  /** What has passed validation, and is neither paused nor ended. */
  async #given(): Promise<ReadonlySet<string>> {
    const ids = new Set<string>();
    let after: string | undefined;
    do {
      const page = await this.#deps.ledger.records(DONATION_KIND, {
        state: 'active',
        limit: PAGE,
        ...(after === undefined ? {} : { after }),
      });
      for (const { id } of page) ids.add(id);
      after = page.length < PAGE ? undefined : page.at(-1)?.id;
    } while (after !== undefined);
    return ids;
  }

  #isOpen({ state, expiresAt }: Account): boolean {
    return state === 'active' && (expiresAt === null || expiresAt > this.#deps.clock.wallMs());
  }
}

function leftOf({ limit, held, spent, overrun }: Account): bigint {
  return limit - held - spent - overrun;
}

function keyOf(row: SourceRow, provider: string, account: Account): PoolKey {
  return {
    id: row.id,
    provider,
    dialect: DIALECTS[row.provider],
    models: new Map(modelsAt({ dialect: row.provider, models: row.models }).map((facts) => [facts.id, facts])),
    countConsent: row.countConsent,
    limit: account.limit,
    left: leftOf(account),
  };
}
