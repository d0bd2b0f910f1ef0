import { type ModelFacts, TallyError } from '@tallystick/core';
import type { GatewayDeps } from './deps.ts';
import type { Principal } from './principals.ts';
import type { Dialect, DialectName } from './providers/dialect.ts';
import { CALL_ROUTES } from './routes.ts';
import type { Source } from './sources.ts';

type Card = Readonly<Record<string, unknown>>;

/** The models that the caller's key can reach now on the dialect's routes, in its shape. Costs nothing and holds nothing. */
export async function listModels(deps: GatewayDeps, principal: Principal, dialect: Dialect): Promise<Card> {
  const cards = new Map<string, Card>();
  for (const source of await activeSources(deps, principal)) {
    for (const [id, facts] of source.models)
      if (speaks(facts, dialect) && !cards.has(id)) cards.set(id, CARDS[dialect.name](facts, source));
  }
  return LISTS[dialect.name]([...cards.values()]);
}

/** @throws MODEL_UNKNOWN */
export async function oneModel(deps: GatewayDeps, principal: Principal, dialect: Dialect, id: string): Promise<Card> {
  for (const source of await activeSources(deps, principal)) {
    const facts = source.models.get(id);
    if (facts !== undefined && speaks(facts, dialect)) return CARDS[dialect.name](facts, source);
  }
  throw new TallyError('MODEL_UNKNOWN');
}

async function activeSources(deps: GatewayDeps, principal: Principal): Promise<readonly Source[]> {
  const key = await deps.ledger.account(principal.key.id);
  if (key?.state === 'revoked') throw new TallyError('KEY_REVOKED');
  if (key?.expiresAt != null && key.expiresAt <= deps.clock.wallMs()) throw new TallyError('KEY_EXPIRED');
  const allowed = deps.sources.allowed(principal.key);
  const accounts = await Promise.all(allowed.map(({ row }) => deps.ledger.account(row.id)));
  return allowed.filter((_, i) => accounts[i]?.state === 'active');
}

function speaks({ endpoints }: ModelFacts, dialect: Dialect): boolean {
  return CALL_ROUTES.some((spec) => spec.dialect === dialect && endpoints.includes(spec.endpoint));
}

const CARDS: Readonly<Record<DialectName, (facts: ModelFacts, source: Source) => Card>> = {
  openai: ({ id }, { row }) => ({ id, object: 'model', created: Math.floor(row.createdAt / 1000), owned_by: row.provider }),
  anthropic: ({ id, window, maxOutput }, { row }) => ({
    type: 'model',
    id,
    display_name: id,
    created_at: new Date(row.createdAt).toISOString(),
    max_input_tokens: Number(window.value),
    max_tokens: Number(maxOutput.value),
  }),
  google: ({ id, window, inputLimit, maxOutput, endpoints }) => ({
    name: `models/${id}`,
    baseModelId: id,
    version: id,
    displayName: id,
    inputTokenLimit: Number((inputLimit ?? window).value),
    outputTokenLimit: Number(maxOutput.value),
    supportedGenerationMethods: CALL_ROUTES.filter((spec) => spec.dialect.name === 'google' && endpoints.includes(spec.endpoint)).map(
      ({ route }) => route.slice(route.lastIndexOf(':') + 1),
    ),
  }),
};

/** All on one page: a gateway serves few models. */
const LISTS: Readonly<Record<DialectName, (cards: readonly Card[]) => Card>> = {
  openai: (data) => ({ object: 'list', data }),
  anthropic: (data) => ({ data, has_more: false, first_id: data[0]?.['id'] ?? null, last_id: data.at(-1)?.['id'] ?? null }),
  google: (models) => ({ models }),
};
