import type { Endpoint } from '../packages/core/src/index.ts';
import { NOT_DONATED } from '../packages/server/src/ledger/gates.ts';
import type { BatchOp } from '../packages/server/src/ledger/protocol.ts';
import type { KeyRow, NewAccount, SourceRow } from '../packages/server/src/ledger/types.ts';
import type { Character } from './conduct.ts';
import type { Dice } from './dice.ts';

/** Who plays: sources whose caps are soon reached, and keys that may use some of them. */
export type SourcePart = {
  readonly id: string;
  readonly provider: SourceRow['provider'];
  readonly baseUrl: string;
  readonly settle: SourceRow['settle'];
  readonly countConsent: boolean;
  readonly character: Character;
  readonly limit: bigint;
  readonly ceiling: bigint;
};

const CEILING = 40_000_000n;
const plain = {
  provider: 'sandbox',
  baseUrl: 'http://sandbox.invalid/v1',
  settle: 'metered',
  countConsent: false,
  ceiling: CEILING,
} as const;

export const SOURCES: readonly SourcePart[] = [
  { ...plain, id: 'src-1-keeps', character: 'keeps', limit: 12_000n },
  { ...plain, id: 'src-2-closes', character: 'closes', settle: 'hold', limit: 9_000n },
  { ...plain, id: 'src-3-breaks', character: 'breaks', limit: 15_000n },
  { ...plain, id: 'src-4-miscounts', character: 'miscounts', countConsent: true, limit: 30_000n },
  { ...plain, id: 'src-5-openai', character: 'keeps', provider: 'openai', baseUrl: 'https://api.openai.com/v1', limit: 20_000n },
  {
    ...plain,
    id: 'src-6-anthropic',
    character: 'keeps',
    provider: 'anthropic',
    baseUrl: 'https://api.anthropic.com/v1',
    countConsent: true,
    limit: 25_000n,
  },
];

export type KeyPart = {
  readonly id: string;
  readonly sources: readonly string[] | null;
  readonly limit: bigint;
  readonly hasCredits: boolean;
};

export const KEYS: readonly KeyPart[] = [
  { id: 'key-1', sources: null, limit: 60_000n, hasCredits: false },
  { id: 'key-2', sources: ['src-1-keeps', 'src-2-closes'], limit: 6_000n, hasCredits: true },
  { id: 'key-3', sources: ['src-3-breaks', 'src-4-miscounts'], limit: 50_000n, hasCredits: false },
  { id: 'key-4', sources: ['src-5-openai', 'src-6-anthropic', 'src-1-keeps'], limit: 40_000n, hasCredits: true },
];

/** Base units of credit for each million tokens: enough that budgets of credits run out as well. */
const TARIFF = JSON.stringify([
  { unit: 'input', price: '2000000', per: '1000000' },
  { unit: 'output', price: '6000000', per: '1000000' },
]);
const CREDITS = { limit: 200_000n, ceiling: 90_000_000n };
const REPLAY_S = 600;

/** What opens the books of a new world. @param tariff of a source, JSON. @param hashOf of a key's secret. */
export function opening(now: number, hashOf: (id: string) => string, dice: Dice): readonly BatchOp[] {
  const sources = SOURCES.map(({ id, limit, ceiling, character: _character, ...row }): BatchOp => {
    const source: SourceRow = {
      ...row,
      id,
      name: id,
      mode: row.provider === 'sandbox' ? 1 : 0,
      models: '{}',
      tariff: TARIFF,
      createdAt: now,
      ...NOT_DONATED,
    };
    return { kind: 'addSource', body: { source, accounts: [{ id, kind: 'source', tenantId: 't', asset: 'tokens', ceiling, limit }] } };
  });
  return [...sources, ...KEYS.map((part) => addKey(part, now, hashOf(part.id), dice))];
}

function addKey({ id, sources, limit, hasCredits }: KeyPart, now: number, hash: string, dice: Dice): BatchOp {
  const creditAccountId = hasCredits ? `${id}-credits` : null;
  const key: KeyRow = {
    id,
    name: id,
    tenantId: 't',
    hash,
    hint: 'tk_',
    creditAccountId,
    sources,
    createdAt: now,
    expiresAt: null,
    replayS: dice.chance(0.5) ? REPLAY_S : 0,
    use: 'calls',
  };
  const budget: NewAccount = { id, kind: 'key', tenantId: 't', asset: 'tokens', ceiling: CEILING, limit };
  // One key ends while calls are running under it.
  const expiring = id === 'key-2' ? { ...budget, expiresAt: now + dice.whole(60_000, 600_000) } : budget;
  const credits: readonly NewAccount[] =
    creditAccountId === null ? [] : [{ id: creditAccountId, kind: 'key', tenantId: 't', asset: 'credits', ...CREDITS }];
  return { kind: 'addKey', body: { key, accounts: [expiring, ...credits] } };
}

/** Every virtual key has the form that the gateway asks for, and none is secret. */
export function secretOf(keyId: string): string {
  return `tk_${keyId.replaceAll('-', '_').padEnd(43, '0')}`;
}

type Form = { readonly voice: 'openai' | 'anthropic' | 'google'; readonly models: readonly string[]; readonly endpoint: Endpoint };

const FORMS: readonly Form[] = [
  { voice: 'openai', models: ['sandbox-small', 'sandbox-large', 'gpt-4o-mini'], endpoint: 'chat' },
  { voice: 'anthropic', models: ['sandbox-small', 'sandbox-closed', 'claude-haiku-4-5', 'claude-haiku-4-5'], endpoint: 'messages' },
  { voice: 'google', models: ['sandbox-small', 'sandbox-closed'], endpoint: 'generate' },
];

export type Sheet = { readonly keyId: string; readonly route: string; readonly url: string; readonly body: Buffer };

/** One call that somebody makes. */
export function writeSheet(dice: Dice): Sheet {
  const { id: keyId } = dice.pick(KEYS);
  const { voice, models } = dice.pick(FORMS);
  const model = dice.pick(models);
  const text = 'word '.repeat(dice.chance(0.1) ? dice.whole(200, 1_500) : dice.whole(1, 80)) + dice.whole(0, 1e9);
  const limit = dice.chance(0.25) ? undefined : dice.chance(0.4) ? dice.whole(16, 64) : dice.whole(65, 3_000);
  const choices = dice.chance(0.1) ? dice.whole(2, 3) : 1;
  const isStream = dice.chance(0.6);
  const sheet =
    voice === 'google' ? googleSheet(model, text, limit, choices, isStream) : bodySheet(voice, model, text, limit, choices, isStream);
  return { keyId, ...sheet };
}

/** A small call that goes to this source, where it has room. */
export function crowdSheet(dice: Dice, sourceId: string): Sheet {
  const key = KEYS.find(({ sources }) => sources?.[0] === sourceId) ?? dice.pick(KEYS);
  return { keyId: key.id, ...bodySheet('openai', 'sandbox-small', `word ${dice.whole(0, 1e9)}`, dice.whole(16, 64), 1, true) };
}

type Written = Omit<Sheet, 'keyId'>;

function bodySheet(voice: string, model: string, text: string, limit: number | undefined, choices: number, isStream: boolean): Written {
  const route = voice === 'openai' ? '/v1/chat/completions' : '/v1/messages';
  const named = voice === 'openai' ? { max_completion_tokens: limit, ...(choices > 1 ? { n: choices } : {}) } : { max_tokens: limit };
  const body = { model, messages: [{ role: 'user', content: text }], ...named, ...(isStream ? { stream: true } : {}) };
  return { route, url: route, body: Buffer.from(JSON.stringify(body)) };
}

function googleSheet(model: string, text: string, limit: number | undefined, choices: number, isStream: boolean): Written {
  const route = `/v1beta/models/${model}:${isStream ? 'streamGenerateContent' : 'generateContent'}`;
  const config = { maxOutputTokens: limit, ...(choices > 1 ? { candidateCount: choices } : {}) };
  const body = { contents: [{ role: 'user', parts: [{ text }] }], generationConfig: config };
  return { route, url: isStream ? `${route}?alt=sse` : route, body: Buffer.from(JSON.stringify(body)) };
}
