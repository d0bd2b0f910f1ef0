import { EXPORT_FORMATS, type Hex, TallyError } from '@tallystick/core';
import { z } from 'zod';
import { read, time, tokens } from './admin-input.ts';
import type { ReconcileInput } from './reconcile.ts';

/** In base64, within the operator's largest body. */
const EXPORT_BYTES_MAX = 700_000;

const schema = z.strictObject({
  from: time,
  to: time,
  format: z.enum(EXPORT_FORMATS).optional(),
  export: z.base64('must be base64'),
  key_id: z
    .string()
    .regex(/^[\x21-\x7e]{1,128}$/, 'must be 1 to 128 visible ASCII characters')
    .optional(),
  consent: z
    .strictObject({ amount: tokens, signature: z.string().regex(/^0x[0-9a-f]{130}$/, 'must be 65 bytes in lower-case hex') })
    .optional(),
  resume: z.boolean().default(false),
  dry_run: z.boolean().default(false),
});

export function readReconcile(body: unknown): ReconcileInput {
  const input = read(schema, body);
  const bytes = Buffer.from(input.export, 'base64');
  if (input.from >= input.to) throw new TallyError('INPUT_INVALID', 'to: must be after from.', { field: 'to' });
  if (bytes.length > EXPORT_BYTES_MAX) {
    throw new TallyError('INPUT_INVALID', `export: has more than ${EXPORT_BYTES_MAX} bytes; choose a shorter interval or wider buckets.`, {
      field: 'export',
    });
  }
  return {
    from: input.from,
    to: input.to,
    format: input.format ?? null,
    export: bytes,
    keyRef: input.key_id ?? '',
    consent: input.consent === undefined ? null : { amount: input.consent.amount, signature: input.consent.signature as Hex },
    resume: input.resume,
    dryRun: input.dry_run,
  };
}
