import {
  ENDPOINTS,
  type Endpoint,
  type ModelFacts,
  modelFacts,
  modelsOf,
  parseDeclaredFacts,
  parseTariff,
  smallestCap,
  TallyError,
} from '@tallystick/core';
import { z } from 'zod';
import { SANDBOX_URL } from '#gateway';
import { isLoopback } from '#ground/config';

/** Where each provider's own API is, as its documentation has it. */
export const PROVIDER_URLS = {
  openai: 'https://api.openai.com/v1',
  anthropic: 'https://api.anthropic.com/v1',
  google: 'https://generativelanguage.googleapis.com/v1beta',
  sandbox: SANDBOX_URL,
} as const;
/** What a declared model of each provider can serve: the dialect that the provider speaks. */
const PROVIDER_ENDPOINTS: Readonly<Record<string, readonly Endpoint[]>> = {
  openai: ['chat', 'responses', 'embeddings'],
  'openai-compatible': ['chat', 'responses', 'embeddings'],
  anthropic: ['messages'],
  google: ['generate', 'embed'],
  sandbox: ENDPOINTS,
};
const MODEL_NAME = /^[\x21-\x7e]{1,256}$/;
const CAP_MAX = 100_000_000n;

/** Tokens as a decimal string or a whole number: never a float. */
export const tokens = z
  .union([z.string().regex(/^(0|[1-9]\d{0,17})$/, 'must be whole tokens'), z.int().min(0)])
  .transform((value) => BigInt(value));
export const time = z.int().min(0).max(8_640_000_000_000_000);
export const name = z.string().regex(/^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,63}$/u, 'must have 1 to 64 letters, digits, spaces, dots, dashes');

const baseUrl = z
  .string()
  .max(2048)
  .refine(isHttpUrl, 'must be an http or https URL without credentials, query or fragment; https beyond loopback');

function isHttpUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') return false;
  const local = isLoopback(url.hostname.replace(/^\[|\]$/g, ''));
  return url.protocol === 'https:' || (url.protocol === 'http:' && local);
}

// What an HTTP header can carry: anything else would be refused upstream, or worse.
const apiKey = z.string().regex(/^[\x21-\x7e]{1,4096}$/, 'must be 1 to 4096 visible ASCII characters');

const sourceSchema = z.strictObject({
  name,
  provider: z.enum(['openai', 'openai-compatible', 'anthropic', 'google', 'sandbox']),
  base_url: baseUrl.optional(),
  api_key: apiKey,
  cap: tokens.refine((cap) => cap >= 1n && cap <= CAP_MAX, `must be from 1 to ${CAP_MAX}`),
  settle: z.enum(['metered', 'hold']).default('metered'),
  count_consent: z.boolean().default(false),
  models: z.record(z.string(), z.unknown()).default({}),
  tariff: z.array(z.unknown()).default([]),
  expires_at: time.optional(),
});

const keySchema = z.strictObject({
  name,
  limit: tokens.optional(),
  credits: tokens.optional(),
  sources: z.array(z.string().max(64)).min(1).max(64).optional(),
  tenant: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/)
    .default('default'),
  expires_at: time.optional(),
  replay_s: z.int().min(0).max(86_400).default(0),
});

const attachSchema = z.strictObject({ api_key: apiKey });
const limitSchema = z.strictObject({ limit: tokens });
const reasonSchema = z.strictObject({ reason: z.string().min(1).max(200).optional(), reconciled_total: tokens.optional() });
const backupSchema = z.strictObject({ folder: z.string().min(1).max(4096) });

export type SourceInput = z.output<typeof sourceSchema> & { readonly base_url: string };
export type KeyInput = z.output<typeof keySchema>;

export function readSource(body: unknown): SourceInput {
  const input = read(sourceSchema, body);
  const declared = parseDeclaredFacts(input.models);
  parseTariff(input.tariff);
  if (input.provider === 'openai-compatible' && declared.size === 0) {
    throw new TallyError('INPUT_INVALID', '`models` must declare at least one model: what is not known of a model cannot be bounded.', {
      field: 'models',
    });
  }
  for (const [id, { endpoints }] of declared) {
    const wrong = endpoints.find((endpoint) => !PROVIDER_ENDPOINTS[input.provider]?.includes(endpoint));
    if (wrong !== undefined) {
      throw new TallyError('INPUT_INVALID', `models: a source of provider ${input.provider} does not serve ${wrong}.`, { field: 'models' });
    }
    if (!MODEL_NAME.test(id))
      throw new TallyError('INPUT_INVALID', 'models: a model name has 1 to 256 visible ASCII characters.', { field: 'models' });
    if (input.provider !== 'openai-compatible' && modelFacts(input.provider, id) !== undefined) {
      throw new TallyError('INPUT_INVALID', `\`models\` declares ${id.slice(0, 64)}, which the built-in facts already know.`, {
        field: 'models',
      });
    }
  }
  checkConsent(input, declared);
  const base_url = input.base_url ?? defaultUrl(input.provider);
  // Its facts (costs nothing, bills no refusal) are true of the sandbox alone.
  if (input.provider === 'sandbox' && base_url !== SANDBOX_URL && new URL(base_url).protocol !== 'http:') {
    throw new TallyError('INPUT_INVALID', 'base_url: a sandbox source is one on this host (http on loopback).', { field: 'base_url' });
  }
  return { ...input, base_url };
}

/**
 * Where no call of any model is proven to fit under the cap, only the provider's own count bounds one: whoever gives the key is told so
 * before it is taken. @throws COUNT_CONSENT_NEEDED
 */
function checkConsent(input: z.output<typeof sourceSchema>, declared: ReadonlyMap<string, ModelFacts>): void {
  const { provider } = input;
  if (input.count_consent || (provider !== 'anthropic' && provider !== 'google')) return;
  const caps = [...modelsOf(provider), ...declared.values()].map(smallestCap).filter((cap) => cap !== null);
  const least = caps.reduce<bigint | null>((best, cap) => (best === null || cap < best ? cap : best), null);
  if (least === null || input.cap >= least) return;
  throw new TallyError(
    'COUNT_CONSENT_NEEDED',
    `A call to these models is proven to fit only under a cap of at least ${least} tokens, and this one is ${input.cap}: their tokenizer is not public, or their reasoning is not documented to stay within the limit that is sent. Below it, calls are bounded by the provider’s own count of them plus 2 % and at least 512 tokens, and the last tenth of the cap is kept free of such calls. That has been right so far, but is no proof.`,
    { field: 'count_consent', least: String(least) },
  );
}

function defaultUrl(provider: z.output<typeof sourceSchema>['provider']): string {
  if (provider !== 'openai-compatible') return PROVIDER_URLS[provider];
  throw new TallyError('INPUT_INVALID', 'base_url: is needed for this provider.', { field: 'base_url' });
}

export const readKey = (body: unknown): KeyInput => read(keySchema, body);
export const readAttach = (body: unknown): { api_key: string } => read(attachSchema, body);
export const readLimit = (body: unknown): { limit: bigint } => read(limitSchema, body);
export const readReason = (body: unknown): z.output<typeof reasonSchema> => read(reasonSchema, body ?? {});
export const readBackup = (body: unknown): { folder: string } => read(backupSchema, body);

/** The message names the field and the rule, never the value: the value may be a secret. */
export function read<T extends z.ZodType>(schema: T, body: unknown): z.output<T> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
  const field = (unknown ?? issue?.path.join('.') ?? '').slice(0, 64) || 'body';
  throw new TallyError(
    'INPUT_INVALID',
    unknown === undefined ? `${field}: ${issue?.message ?? 'is not valid'}.` : `${field}: there is no such field.`,
    { field },
  );
}
