import { TallyError } from '@tallystick/core';
import { z } from 'zod';
import type { WalletWord } from '../donors/donor-auth.ts';
import { KEY_CHARS_MAX, type Provider, type Providers } from './providers.ts';

export const TOKENS_MAX = 100_000_000;
/** Ten years. */
const MINUTES_MAX = 5_256_000;
const DAY_MS = 86_400_000;
const KEEP_DAYS_MAX = 365;
/** What ends before anybody could use it is a typing error. */
const LIFE_MS_MIN = 60_000;

const time = z.int().min(0).max(8_640_000_000_000_000);
/** A name for people: no characters that a terminal would act on. */
const label = z
  .string()
  .regex(/^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]{1,128}$/u, 'must have 1 to 128 visible characters')
  // A wallet's address is held against the signature; nothing else may be taken for who somebody is.
  .refine((text) => /^0x/.test(text) || !/^\s*(0x|account:)/i.test(text), 'looks like an identity, and is none');

export const wordSchema = z.strictObject({
  donor: z.string().max(64).optional(),
  nonce: z.string().max(80),
  deadline: time,
  signature: z.string().max(160),
});

const schema = z.strictObject({
  donor_address: label.optional(),
  provider: z.string().max(64),
  api_key: z.string(),
  donated_tokens: z.int(),
  donated_minutes: z.int().min(1).max(MINUTES_MAX).optional(),
  expires_at: time.optional(),
  count_consent: z.boolean().default(false),
  settle: z.enum(['metered', 'hold']).default('metered'),
  keep_exhausted_days: z.int().min(0).max(KEEP_DAYS_MAX).default(0),
  anonymous: z.boolean().default(false),
  auth: wordSchema.optional(),
});

/** What is given, checked; not yet by whom. */
export type Gift = {
  readonly provider: Provider;
  readonly apiKey: string;
  readonly tokens: number;
  readonly minutes: number;
  readonly expiry: number;
  readonly countConsent: boolean;
  readonly holdSettle: boolean;
  readonly keepExhaustedMs: number;
  readonly anonymous: boolean;
  /** `donor_address` as it was sent: an identity only where a signature or a token says the same. */
  readonly address: string | null;
  readonly word: WalletWord | null;
};

/**
 * Reads the body of a donation. The messages name the field and the rule, never the value: it may be the key.
 * @param now Unix ms.
 * @throws DONATED_TOKENS_REQUIRED, DONATION_TOO_LARGE, KEY_FORMAT_INVALID, INPUT_INVALID
 */
export function readGift(body: unknown, providers: Providers, now: number): Gift {
  checkTokens(body);
  const given = parse(schema, body);
  const provider = providers.find(given.provider);
  checkKey(given.api_key, provider);
  if (given.expires_at !== undefined && given.expires_at < now + LIFE_MS_MIN) {
    throw new TallyError('INPUT_INVALID', 'expires_at: must be at least a minute from now, in Unix ms.', { field: 'expires_at' });
  }
  const address = given.donor_address ?? null;
  return {
    provider,
    apiKey: given.api_key,
    tokens: given.donated_tokens,
    minutes: given.donated_minutes ?? 0,
    expiry: given.expires_at ?? 0,
    countConsent: given.count_consent,
    holdSettle: given.settle === 'hold',
    keepExhaustedMs: given.keep_exhausted_days * DAY_MS,
    anonymous: given.anonymous,
    address,
    word: given.auth === undefined ? null : { ...given.auth, donor: given.auth.donor ?? address ?? '' },
  };
}

/** The cap is mandatory: before anything else is looked at, it must be one. */
function checkTokens(body: unknown): void {
  const tokens = typeof body === 'object' && body !== null ? (body as Record<string, unknown>)['donated_tokens'] : undefined;
  if (typeof tokens !== 'number' || !Number.isInteger(tokens) || tokens < 1)
    throw new TallyError('DONATED_TOKENS_REQUIRED', undefined, { field: 'donated_tokens' });
  if (tokens > TOKENS_MAX) throw new TallyError('DONATION_TOO_LARGE', undefined, { field: 'donated_tokens', most: String(TOKENS_MAX) });
}

function checkKey(key: string, { name, keyPattern }: Provider): void {
  // What an HTTP header can carry: anything else would be refused upstream, or worse.
  const isSendable = key.length <= KEY_CHARS_MAX && /^[\x21-\x7e]+$/.test(key);
  if (isSendable && keyPattern.test(key)) return;
  const why = isSendable ? `This does not look like a key of ${name}.` : 'A key has visible ASCII characters only, at most 4,096 of them.';
  throw new TallyError('KEY_FORMAT_INVALID', why, { field: 'api_key' });
}

/** @throws INPUT_INVALID naming the field and the rule. */
export function parse<T extends z.ZodType>(of: T, body: unknown): z.output<T> {
  const parsed = of.safeParse(body);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = (issue?.path.join('.') ?? '').slice(0, 64) || 'body';
  // What stands where a name should be may be the key.
  const what = issue?.code === 'unrecognized_keys' ? 'has a field that is not known' : (issue?.message ?? 'is not valid');
  const message = `${field}: ${what}.`;
  throw new TallyError('INPUT_INVALID', message, { field });
}
