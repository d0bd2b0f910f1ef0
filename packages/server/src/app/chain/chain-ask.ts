import { z } from 'zod';

const text = z.string().min(1).max(4_096).optional();

/** What `tally chain` hands to the daemon's program. Paths are absolute. */
export const chainAskSchema = z.strictObject({
  order: z.strictObject({
    network: z.string(),
    deployer: text,
    governor: text,
    guardian: text,
    arbiter: text,
    registrar: text,
    proposer: text,
    reserve: text,
    protocol: text,
    slashBeneficiary: text,
    launchAt: z.int().positive().optional(),
  }),
  rpc: z.url({ protocol: /^https?$/ }).optional(),
  /** Wei per gas. */
  max_fee_wei: z
    .string()
    .regex(/^[1-9]\d{0,17}$/)
    .transform(BigInt)
    .optional(),
  dry_run: z.boolean(),
  out: text,
  key_file: text,
  keystore: text,
  password_file: text,
  verify_input: text,
});

export type ChainAsk = z.output<typeof chainAskSchema>;
