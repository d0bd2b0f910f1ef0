import { z } from 'zod';
import { read } from './admin-input.ts';
import type { ArchiveInput } from './archive.ts';

const monthSchema = z.string().regex(/^\d{4}-(0[1-9]|1[0-2])$/, 'must be a month such as 2026-03');
const archiveSchema = z.strictObject({ before: monthSchema, dry_run: z.boolean().default(false) });
// A path with a NUL in it is none, and would fail below with an error of the system's own.
const verifySchema = z.strictObject({ file: z.string().regex(/^\/[^\0]{1,4095}$/, 'must be an absolute path') });

export function readArchive(body: unknown): ArchiveInput {
  const { before, dry_run } = read(archiveSchema, body);
  return { before: Number(before.replace('-', '')), dryRun: dry_run };
}

export const readArchiveFile = (body: unknown): { file: string } => read(verifySchema, body);
