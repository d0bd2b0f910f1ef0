import { type JsonObject, orderSubject, TallyError } from '@tallystick/core';
import { z } from 'zod';
import { parse, type TaskOrder, type TaskText, type WalletWord, wordSchema } from '#pool';

/** All donations of a large community; far below what JSON's numbers lose. */
const TOKENS_MAX = 1_000_000_000_000;
/** Characters. The whole request has its own limit in bytes. */
const TEXT_MAX = 500_000;
const WEEK_S = 604_800;

const text = z
  .string()
  .min(1)
  .max(TEXT_MAX)
  .refine((value) => value.isWellFormed() && !value.includes('\0'), 'has characters that are no text')
  .refine((value) => value.trim() !== '', 'is empty');
const budget = z.int().min(1).max(TOKENS_MAX);

const executeSchema = z.strictObject({
  task_description: text,
  estimated_tokens: budget.optional(),
  max_total_tokens: budget.optional(),
  provider: z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'must be the name of a provider'),
  model: z
    .string()
    .regex(/^[\x21-\x7e]{1,256}$/)
    .optional(),
  mode: z.enum(['pre_allocated', 'auto_switching']).optional(),
  system: text.optional(),
  stream: z.boolean().default(false),
  time_limit_s: z.int().min(1).max(WEEK_S).optional(),
  priority: z.int().min(-100).max(100).default(0),
  turn_output_min: z.int().min(64).max(1_000_000).default(16_384),
  donor_address: z.string().max(128).optional(),
  auth: wordSchema.optional(),
});

const resumeSchema = z.strictObject({ time_limit_s: z.int().min(1).max(WEEK_S).optional() });

export type Execute = {
  readonly order: TaskOrder;
  readonly text: TaskText;
  readonly stream: boolean;
  /** Of a donor who proposes it. */
  readonly word: WalletWord | null;
  /** What a wallet's word on it is about: all that is asked for. */
  readonly subject: string;
};

/** `estimated_tokens` reserves all of it before the first call; `max_total_tokens` is a budget that keys are chosen for turn by turn. */
export function readExecute(body: unknown): Execute {
  const input = parse(executeSchema, body);
  const { estimated_tokens: estimated, max_total_tokens: most } = input;
  const tokens = estimated ?? most;
  if (tokens === undefined || (estimated !== undefined && most !== undefined)) {
    throw new TallyError('INPUT_INVALID', 'Give either `estimated_tokens` or `max_total_tokens`.', { field: 'max_total_tokens' });
  }
  const order: TaskOrder = {
    provider: input.provider,
    model: input.model ?? null,
    mode: input.mode ?? (estimated === undefined ? 'auto_switching' : 'pre_allocated'),
    tokens: BigInt(tokens),
    timeLimitMs: input.time_limit_s === undefined ? null : input.time_limit_s * 1000,
    priority: input.priority,
    turnOutputMin: BigInt(input.turn_output_min),
  };
  const { auth } = input;
  const word = auth === undefined ? null : { ...auth, donor: auth.donor ?? input.donor_address ?? '' };
  return {
    order,
    text: { description: input.task_description, system: input.system ?? null },
    stream: input.stream,
    word,
    subject: orderSubject(body as JsonObject),
  };
}

export function readResume(body: unknown): { readonly timeLimitMs?: number } {
  const { time_limit_s: limit } = parse(resumeSchema, body);
  return limit === undefined ? {} : { timeLimitMs: limit * 1000 };
}
