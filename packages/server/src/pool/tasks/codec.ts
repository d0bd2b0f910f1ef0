import { ERRORS, type ErrorCode, TallyError } from '@tallystick/core';
import { z } from 'zod';
import { STOPS, type Switch, TASK_MODES, type Task, type TaskText, type Turn } from './types.ts';

// Bodies of records as JSON: amounts as decimal strings. What does not read is not used.

const amount = z
  .string()
  .regex(/^\d{1,20}$/)
  .transform(BigInt);
const time = z.int().min(0);
const code = z.string().refine((text): text is ErrorCode => text in ERRORS);

const facts = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]));

const taskBody = z.strictObject({
  id: z.string(),
  by: z.string(),
  host: z.string(),
  provider: z.string(),
  model: z.string().nullable(),
  mode: z.enum(TASK_MODES),
  tokens: amount,
  timeLimitMs: time.nullable(),
  priority: z.int(),
  turnOutputMin: amount,
  chosenModel: z.string().nullable(),
  allotment: z.strictObject({ reservationId: z.string(), shares: z.array(z.strictObject({ keyId: z.string(), amount })) }).nullable(),
  reason: z.strictObject({ code, message: z.string(), facts }).nullable(),
  finish: z.enum(STOPS).nullable(),
  ranMs: time,
  wakeAt: time.nullable(),
  waits: time,
  createdAt: time,
  queuedAt: time.nullable(),
  endedAt: time.nullable(),
});

const textBody = z.strictObject({ description: z.string(), system: z.string().nullable() });

const turnBody = z.strictObject({
  taskId: z.string(),
  number: z.int().min(1),
  kind: z.enum(['answer', 'compact']),
  attempt: z.int().min(1),
  keyId: z.string(),
  model: z.string(),
  output: amount,
  reservationId: z.string().nullable(),
  tail: z.int().min(0).nullable(),
  marked: z.boolean(),
  receiptId: z.string().nullable(),
  held: amount.nullable(),
  charged: amount.nullable(),
  stop: z.enum(STOPS).nullable(),
  kept: z.string().nullable(),
  startedAt: time,
  endedAt: time.nullable(),
});

const switchBody = z.strictObject({
  taskId: z.string(),
  turn: z.int().min(1),
  attempt: z.int().min(1),
  from: z.string(),
  to: z.string(),
  reason: z.string(),
  left: amount,
  at: time,
});

export const readTask = (body: string): Omit<Task, 'state'> => read(taskBody, body);
export const readText = (body: string): TaskText => read(textBody, body);
export const readTurn = (body: string): Omit<Turn, 'state'> => read(turnBody, body);
export const readSwitch = (body: string): Switch => read(switchBody, body);

/** @param value one of the above. Its state is the record's own. */
export function write(value: object): string {
  return JSON.stringify(value, (name, each: unknown) => (name === 'state' ? undefined : typeof each === 'bigint' ? String(each) : each));
}

/** @throws TAMPERED */
function read<T extends z.ZodType>(schema: T, body: string): z.output<T> {
  const parsed = schema.safeParse(JSON.parse(body));
  if (parsed.success) return parsed.data;
  throw new TallyError('TAMPERED', `A record of a task does not read: ${parsed.error.issues[0]?.path.join('.') ?? 'body'}.`);
}
