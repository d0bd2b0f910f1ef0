import { AUDIT_BUNDLE_CHARS_MAX, type AuditBundle, type AuditEntry, readAuditLine, verifyAuditBundle } from '@tallystick/core';
import { usage } from '../cli-error.ts';
import type { Context } from '../context.ts';
import type { Exit } from '../exit-codes.ts';
import { readBytes, readStdin } from '../parse.ts';
import { cell } from '../table.ts';
import { time } from '../time.ts';
import { reportLines } from './report.ts';

/** UTF-8 takes at most four bytes a character. */
const BUNDLE_BYTES_MAX = 4 * AUDIT_BUNDLE_CHARS_MAX;
/** ECMA-262, section 21.4.1.1. */
const DATE_MS_MAX = 8_640_000_000_000_000;

export type VerifyOptions = { readonly signer?: string; readonly earlier?: string };

/** Entirely offline: the file, what its reader kept from before, and arithmetic. */
export async function verifyAuditFile(context: Context, file: string, { signer, earlier }: VerifyOptions): Promise<Exit> {
  const { io } = context;
  if (signer !== undefined && !/^[0-9a-f]{64}$/.test(signer)) throw usage('--signer must be 64 hex digits in lower case.');
  const bytes = file === '-' ? await readStdin(io, 'the bundle', BUNDLE_BYTES_MAX) : readBytes(io, file, 'the bundle', BUNDLE_BYTES_MAX);
  return printAudit(context, bytes.toString('utf8'), {
    ...(signer === undefined ? {} : { signer }),
    ...(earlier === undefined ? {} : { earlier: readBytes(io, earlier, '--earlier', BUNDLE_BYTES_MAX).toString('utf8') }),
  });
}

/** @param document what --json prints in place of the verdict. */
export function printAudit(context: Context, text: string, expected: VerifyOptions, document?: unknown): Exit {
  const { out } = context;
  const { signer, earlier } = expected;
  const { ok, checks, bundle } = verifyAuditBundle(text, expected);
  const entries = bundle === null ? [] : entriesOf(bundle);
  const remarks =
    bundle === null || signer !== undefined || earlier !== undefined ? [] : [`Whose key ${bundle.signer} is was not checked.`];
  const result = { ok, checks, entries, signer: bundle?.signer ?? null, size: bundle?.checkpoint.size ?? null, remarks };
  out.result(document ?? result, ({ terminal }) => {
    const lines = reportLines(
      context,
      checks.map(({ name, ok, detail }) => ({ check: name, ok, detail: ok || name === 'format' ? detail : `Does not hold: ${detail}` })),
      terminal,
    );
    const verdict = ok ? 'What it says stands in the log.' : 'It does NOT verify: do not trust it.';
    // What does not verify is not shown as something that was said.
    const said = ok ? entries.map(entryLine) : [];
    return [lines, '', verdict, ...remarks, ...(said.length === 0 ? [] : ['', ...said])].join('\n');
  });
  return ok ? 'ok' : 'unverified';
}

/** A time beyond what a date can be is shown as it stands: the file may be anybody's. */
function entryLine({ seq, at, kind, subject, data }: AuditEntry): string {
  const when = Math.abs(at) <= DATE_MS_MAX ? time(at) : String(at);
  return [String(seq), when, kind, subject, JSON.stringify(data)].map(cell).join('\t');
}

function entriesOf({ entries }: AuditBundle): readonly AuditEntry[] {
  return entries.flatMap(({ line }) => readAuditLine(line)?.entry ?? []);
}
