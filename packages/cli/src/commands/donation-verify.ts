import { DONATION_CHARS_MAX, type DonationBundle, normalizeAddress, verifyDonation } from '@tallystick/core';
import { usage } from '../cli-error.ts';
import type { Context } from '../context.ts';
import type { Exit } from '../exit-codes.ts';
import { readBytes, readStdin } from '../parse.ts';
import { reportLines } from './report.ts';

/** UTF-8 takes at most four bytes a character. */
const BYTES_MAX = 4 * DONATION_CHARS_MAX;

/** Entirely offline: the file, and arithmetic. */
export async function verifyDonationReceipt(context: Context, file: string, { signer }: { readonly signer?: string }): Promise<Exit> {
  const { io, out } = context;
  checkSigner(signer);
  const what = 'the donation receipt';
  const bytes = file === '-' ? await readStdin(io, what, BYTES_MAX) : readBytes(io, file, what, BYTES_MAX);
  const { ok, checks, bundle } = verifyDonation(bytes.toString('utf8'), signer === undefined ? {} : { signer });
  const remarks = bundle === null ? [] : remarksOn(bundle, signer);
  out.result({ ok, checks, signer: bundle?.signer ?? null, key_id: bundle?.receipt.id ?? null, remarks }, ({ terminal }) => {
    const lines = reportLines(
      context,
      checks.map((check) => ({
        check: check.name,
        ok: check.ok,
        detail: check.ok || check.name === 'format' ? check.detail : `Does not hold: ${check.detail}`,
      })),
      terminal,
    );
    const verdict = ok ? 'The donation receipt verifies.' : 'The donation receipt does NOT verify: do not trust it.';
    return [lines, '', verdict, ...remarks].join('\n');
  });
  return ok ? 'ok' : 'unverified';
}

function checkSigner(signer: string | undefined): void {
  if (signer === undefined) return;
  try {
    normalizeAddress(signer);
  } catch {
    throw usage('--signer must be 0x and 40 hex digits.');
  }
}

/** What the checks do not say and a reader may otherwise assume. */
function remarksOn({ receipt, signer: named }: DonationBundle, signer: string | undefined): readonly string[] {
  return [
    ...(receipt.simulated ? ['SANDBOX: the key is the sandbox’s; all that is done with it is simulated.'] : []),
    ...(signer === undefined ? [`Whose key ${named} is was not checked: give --signer.`] : []),
    ...(receipt.shreddable ? [] : ['RECOVERABLE: this gateway keeps copies of slots; destruction is claimed for its own host only.']),
  ];
}
