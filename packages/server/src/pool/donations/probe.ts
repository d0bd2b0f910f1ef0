import { type ModelFacts, smallestBound, TallyError } from '@tallystick/core';
import type { SourceRow } from '#ledger';

/** The call that shows whether a key works: the cheapest there is. */
export type Probe = {
  readonly path: string;
  readonly body: string;
  /** The most that it can cost, tokens: 0 where the provider counts for nothing. */
  readonly cost: bigint;
};

/** A chat of two characters and one token; and one that any newer key of OpenAI's may use, whose limit needs no room for reasoning. */
const PREFERRED: readonly string[] = ['gpt-4o-mini', 'gpt-4.1-mini', 'gpt-4o'];
const SAYS = 'Hi';
/** What the gateway may add to the body. */
const ADDED_BYTES = 64;

/** @returns null where no model of the provider can be asked anything that is bounded. */
export function probeOf(dialect: SourceRow['provider'], models: readonly ModelFacts[]): Probe | null {
  const countable = models.find(
    ({ countable: fact, endpoints }) => fact?.value === true && endpoints.some((e) => e === 'messages' || e === 'generate'),
  );
  if (dialect === 'anthropic' && countable !== undefined)
    return { path: '/v1/messages/count_tokens', body: countBody(countable.id), cost: 0n };
  if (dialect === 'google' && countable !== undefined) {
    const contents = [{ role: 'user', parts: [{ text: SAYS }] }];
    return { path: `/v1beta/models/${encodeURIComponent(countable.id)}:countTokens`, body: JSON.stringify({ contents }), cost: 0n };
  }
  return cheapestCall(models.flatMap((facts) => callsOf(facts)));
}

function countBody(model: string): string {
  return JSON.stringify({ model, messages: [{ role: 'user', content: SAYS }] });
}

function callsOf(facts: ModelFacts): readonly (Probe & { readonly model: string })[] {
  const { id: model, endpoints } = facts;
  const messages = [{ role: 'user', content: SAYS }];
  const calls = [
    { endpoint: 'chat', path: '/v1/chat/completions', body: { model, messages, max_completion_tokens: 1 } },
    { endpoint: 'messages', path: '/v1/messages', body: { model, messages, max_tokens: 1 } },
  ] as const;
  return calls.flatMap(({ endpoint, path, body }) => {
    if (!endpoints.includes(endpoint)) return [];
    const text = JSON.stringify(body);
    const cost = boundOf(facts, endpoint, text);
    return cost === null ? [] : [{ model, path, body: text, cost }];
  });
}

function boundOf(facts: ModelFacts, endpoint: 'chat' | 'messages', text: string): bigint | null {
  const rest = { messages: 1, tools: 0, choices: 1, inputs: 1, images: 0, opaque: false };
  try {
    return smallestBound({ facts, endpoint, textBytes: text.length + ADDED_BYTES, maxOutputPerChoice: 1n, ...rest }).total;
  } catch (error) {
    if (error instanceof TallyError) return null;
    throw error;
  }
}

function cheapestCall(calls: readonly (Probe & { readonly model: string })[]): Probe | null {
  const preferred = PREFERRED.map((id) => calls.find(({ model }) => model === id)).find((call) => call !== undefined);
  const [first, ...others] = calls;
  if (first === undefined) return null;
  const { path, body, cost } = preferred ?? others.reduce((best, each) => (each.cost < best.cost ? each : best), first);
  return { path, body, cost };
}
