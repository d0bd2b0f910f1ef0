import { TallyError } from '@tallystick/core';
import type { GatewayDeps } from './deps.ts';
import type { Principal } from './principals.ts';
import type { Source } from './sources.ts';

type ModelCard = { readonly id: string; readonly object: 'model'; readonly created: number; readonly owned_by: string };

/** The models that the caller's key can reach now, in the dialect's shape. Costs nothing and holds nothing. */
export async function listModels(deps: GatewayDeps, principal: Principal): Promise<{ object: 'list'; data: readonly ModelCard[] }> {
  const cards = new Map<string, ModelCard>();
  for (const source of await activeSources(deps, principal)) {
    for (const id of source.models.keys()) if (!cards.has(id)) cards.set(id, card(id, source));
  }
  return { object: 'list', data: [...cards.values()] };
}

/** @throws MODEL_UNKNOWN */
export async function oneModel(deps: GatewayDeps, principal: Principal, id: string): Promise<ModelCard> {
  const source = (await activeSources(deps, principal)).find(({ models }) => models.has(id));
  if (source === undefined) throw new TallyError('MODEL_UNKNOWN');
  return card(id, source);
}

async function activeSources(deps: GatewayDeps, principal: Principal): Promise<readonly Source[]> {
  const key = await deps.ledger.account(principal.key.id);
  if (key?.state === 'revoked') throw new TallyError('KEY_REVOKED');
  if (key?.expiresAt != null && key.expiresAt <= deps.clock.wallMs()) throw new TallyError('KEY_EXPIRED');
  const allowed = deps.sources.allowed(principal.key.sources);
  const accounts = await Promise.all(allowed.map(({ row }) => deps.ledger.account(row.id)));
  return allowed.filter((_, i) => accounts[i]?.state === 'active');
}

function card(id: string, source: Source): ModelCard {
  return { id, object: 'model', created: Math.floor(source.row.createdAt / 1000), owned_by: source.row.provider };
}
