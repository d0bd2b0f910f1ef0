import {
  type Hex,
  type ModelFacts,
  modelFacts,
  modelsOf,
  parseDeclaredFacts,
  parseTariff,
  pseudonym,
  type Tariff,
  tariffId,
} from '@tallystick/core';
import type { KeyRow, SourceRow } from '#ledger';
import { Upstream, type UpstreamLimits } from './upstream.ts';

/** A source, ready for use. Its state and balance are the ledger's, its secret the vault's: neither is kept here. */
export type Source = {
  readonly row: SourceRow;
  /** For the facts file's rows on unbilled refusals: a host name, or `sandbox`. */
  readonly host: string;
  readonly models: ReadonlyMap<string, ModelFacts>;
  readonly upstream: Upstream;
  readonly tariff: Tariff;
  readonly tariffId: Hex;
  readonly sourceHash: Hex;
  readonly providerHash: Hex;
};

/** The address of the sandbox that the daemon itself runs: its port differs from start to start. */
export const SANDBOX_URL = 'sandbox:';

export type SourcesOptions = {
  readonly upstream: UpstreamLimits;
  readonly pseudonymKey: Uint8Array;
  /** Where this daemon's own sandbox listens; null where none runs: its sources are then not offered. */
  readonly sandboxUrl: string | null;
  /** The gate that calls go through instead of one that a source names; absent = as it is named. */
  readonly gateOf?: (gate: string) => string;
  /** Told of each `suspend` and `resume`, where other processes hold on the same sources. */
  readonly onSuspend?: (id: string, isSuspended: boolean) => void;
};

export class Sources {
  readonly #options: SourcesOptions;
  readonly #byId = new Map<string, Source>();
  readonly #suspended = new Set<string>();

  constructor(rows: readonly SourceRow[], options: SourcesOptions) {
    this.#options = options;
    for (const row of rows) this.add(row);
  }

  add(row: SourceRow): void {
    const { upstream, pseudonymKey, sandboxUrl, gateOf = (gate) => gate } = this.#options;
    // Google’s paths stand under `/v1` as well, so one base serves all three dialects.
    const baseUrl = row.baseUrl === SANDBOX_URL ? sandboxUrl && `${sandboxUrl}/v1` : row.baseUrl;
    if (baseUrl === null) return;
    const tariff = parseTariff(JSON.parse(row.tariff));
    this.#byId.set(row.id, {
      row: { ...row, groups: row.groups.map(gateOf) },
      host: row.provider === 'sandbox' ? 'sandbox' : new URL(baseUrl).hostname,
      models: sourceModels(row),
      upstream: new Upstream(baseUrl, upstream),
      tariff,
      tariffId: tariffId(tariff),
      sourceHash: pseudonym(pseudonymKey, 'source', row.id),
      providerHash: pseudonym(pseudonymKey, 'provider', row.provider),
    });
  }

  /**
   * Nothing more is held on it from here on, whatever the books say: it was seen to overrun, and they may not have that yet, or may not be
   * able to write it now. Ends with `resume`, when they have it, or with the process, whose open holds the next start spends.
   */
  suspend(id: string): void {
    this.#suspended.add(id);
    this.#options.onSuspend?.(id, true);
  }

  resume(id: string): void {
    this.#suspended.delete(id);
    this.#options.onSuspend?.(id, false);
  }

  isSuspended(id: string): boolean {
    return this.#suspended.has(id);
  }

  /** Stops its connections; calls in flight on it are cut. */
  async remove(id: string): Promise<void> {
    const source = this.#byId.get(id);
    this.#byId.delete(id);
    await source?.upstream.close();
  }

  /**
   * What a key may use: donated sources are the pool's own keys' alone, and these use no others.
   * Oldest first, so that one source is drained before the next is begun: fewer remainders too small to use.
   */
  allowed({ sources: ids, use }: Pick<KeyRow, 'sources' | 'use'>): readonly Source[] {
    const isOfPool = use !== 'calls';
    const some = [...this.#byId.values()].filter(({ row }) => row.pool === isOfPool && (ids === null || ids.includes(row.id)));
    return some.sort((a, b) => (a.row.id < b.row.id ? -1 : 1));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#byId.keys()].map((id) => this.remove(id)));
  }
}

/** Built-in facts hold for the provider that they were read from; any other server's models are what its operator declares. */
function sourceModels(row: SourceRow): ReadonlyMap<string, ModelFacts> {
  const models = new Map<string, ModelFacts>();
  if (row.provider !== 'openai-compatible') {
    const provider = row.provider;
    for (const { id } of modelsOf(provider)) {
      const facts = modelFacts(provider, id);
      if (facts !== undefined) models.set(id, facts);
    }
  }
  for (const [id, facts] of parseDeclaredFacts(JSON.parse(row.models))) models.set(id, facts);
  return models;
}
