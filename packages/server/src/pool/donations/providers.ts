import { type FactsProvider, type ModelFacts, modelsOf, parseDeclaredFacts, TallyError } from '@tallystick/core';
import { z } from 'zod';
import { isLoopback } from '#ground/config';
import type { SourceRow } from '#ledger';

/** What a donor may choose: where the key goes, and what is known of the models there. */
export type Provider = {
  readonly name: string;
  readonly dialect: SourceRow['provider'];
  readonly baseUrl: string;
  /** As `SourceRow.models`. */
  readonly models: string;
  readonly keyPattern: RegExp;
};

/** Where the providers that are built in are; the sandbox is absent where none runs. */
export type BuiltIns = Readonly<Record<Exclude<FactsProvider, 'sandbox'>, string>> & { readonly sandbox?: string };

/**
 * How a key of each provider looks, leniently: what is not one is better told before it is sent anywhere, what is a new form must not be
 * refused. OpenAI: `sk-…` (also `sk-proj-…`, `sk-svcacct-…`), never Anthropic's `sk-ant-…`. Google: `AIza…`, and since 2026 `AQ.…`
 * (https://ai.google.dev/gemini-api/docs/api-key). Read on 2026-11-21.
 */
const KEY_PATTERNS: Readonly<Record<FactsProvider, RegExp>> = {
  openai: /^sk-(?!ant-)[A-Za-z0-9_-]{16,}$/,
  anthropic: /^sk-ant-[A-Za-z0-9_-]{16,}$/,
  google: /^(AIza|AQ\.)[A-Za-z0-9_.-]{16,}$/,
  sandbox: /^[\x21-\x7e]{8,}$/,
};
const ANY_KEY = /^[\x21-\x7e]{8,}$/;
export const KEY_CHARS_MAX = 4096;

/** Gate accounts have names of their own under `pool/`. */
const RESERVED: ReadonlySet<string> = new Set(['unlocked']);
const PROVIDERS_MAX = 100;

const entry = z.strictObject({
  dialect: z.enum(['openai', 'anthropic', 'google']).optional(),
  base_url: z.string().max(2048).refine(isBaseUrl, 'must be an https URL without credentials, query or fragment (http on loopback)'),
  models: z.record(z.string(), z.unknown()).optional(),
  key_pattern: z.string().min(1).max(256).refine(isPattern, 'must be a regular expression').optional(),
});
const fileSchema = z.record(z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'a provider’s name is up to 32 of a-z, 0-9 and dash'), entry);

/** Which providers keys are taken of. */
export class Providers {
  readonly #byName: ReadonlyMap<string, Provider>;

  /** @param file the operator's own, parsed; null where there is none. @throws CONFIG_INVALID naming the provider and the field. */
  constructor(builtIns: BuiltIns, file: unknown) {
    const own = DIALECTS.flatMap((dialect) => builtIn(dialect, builtIns[dialect]));
    const given = file === null ? [] : readFile(file, new Map(own.map((provider) => [provider.name, provider])));
    this.#byName = new Map([...own, ...given].map((provider) => [provider.name, provider]));
  }

  /** @throws INPUT_INVALID */
  find(name: string): Provider {
    const found = this.#byName.get(name);
    if (found !== undefined) return found;
    throw new TallyError('INPUT_INVALID', `provider: keys are taken of ${this.names().join(', ')}.`, { field: 'provider' });
  }

  names(): readonly string[] {
    return [...this.#byName.keys()].sort();
  }
}

const DIALECTS = ['anthropic', 'openai', 'google', 'sandbox'] as const;

function builtIn(dialect: FactsProvider, baseUrl: string | undefined): readonly Provider[] {
  return baseUrl === undefined ? [] : [{ name: dialect, dialect, baseUrl, models: '{}', keyPattern: KEY_PATTERNS[dialect] }];
}

function readFile(file: unknown, builtIns: ReadonlyMap<string, Provider>): readonly Provider[] {
  const parsed = fileSchema.safeParse(file);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw refusal(issue?.path.join('.') || 'the whole', issue?.message ?? 'is not valid');
  }
  const entries = Object.entries(parsed.data);
  if (entries.length > PROVIDERS_MAX) throw refusal('the whole', `names more than ${PROVIDERS_MAX} providers`);
  return entries.map(([name, given]) => providerOf(name, given, builtIns.get(name)));
}

function providerOf(name: string, given: z.output<typeof entry>, own: Provider | undefined): Provider {
  if (RESERVED.has(name)) throw refusal(name, 'is a name that the pool itself uses');
  if (name === 'sandbox') throw refusal(name, 'the sandbox is on this host and cannot be led elsewhere');
  if (own !== undefined && given.dialect !== undefined && given.dialect !== own.dialect)
    throw refusal(`${name}.dialect`, `is ${own.dialect}`);
  const spoken = own?.dialect ?? given.dialect;
  if (spoken === undefined) throw refusal(`${name}.dialect`, 'is needed: openai, anthropic or google');
  // The built-in facts are true of the providers themselves, not of whatever else speaks their dialect.
  const dialect = own === undefined && spoken === 'openai' ? 'openai-compatible' : spoken;
  const models = given.models ?? {};
  const declared = parseModels(name, models);
  if (dialect === 'openai-compatible' && declared.size === 0) throw refusal(`${name}.models`, 'must declare at least one model');
  const keyPattern = given.key_pattern === undefined ? (own?.keyPattern ?? ANY_KEY) : new RegExp(given.key_pattern);
  return { name, dialect, baseUrl: given.base_url.replace(/\/+$/, ''), models: JSON.stringify(models), keyPattern };
}

function parseModels(name: string, models: unknown): ReadonlyMap<string, ModelFacts> {
  try {
    return parseDeclaredFacts(models);
  } catch (error) {
    throw refusal(`${name}.models`, error instanceof TallyError ? error.message : 'is not valid');
  }
}

function refusal(field: string, what: string): TallyError {
  return new TallyError('CONFIG_INVALID', `TALLY_POOL_PROVIDERS_FILE: ${field}: ${what}.`.replace(/\.\.$/, '.'), {
    setting: 'TALLY_POOL_PROVIDERS_FILE',
  });
}

/** Everything that a key of this provider could be used for, as far as is known. */
export function modelsAt({ dialect, models }: Pick<Provider, 'dialect' | 'models'>): readonly ModelFacts[] {
  const builtIn = dialect === 'openai-compatible' ? [] : modelsOf(dialect);
  return [...builtIn, ...parseDeclaredFacts(JSON.parse(models)).values()];
}

/** The server that the key goes to: as receipts and people have it. */
export function hostOf({ dialect, baseUrl }: Pick<Provider, 'dialect' | 'baseUrl'>): string {
  return dialect === 'sandbox' ? 'sandbox' : new URL(baseUrl).host;
}

function isBaseUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname.replace(/^\[|\]$/g, '')));
}

function isPattern(text: string): boolean {
  try {
    return new RegExp(text).source !== '';
  } catch {
    return false;
  }
}
