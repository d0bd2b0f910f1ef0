import {
  BUNDLE_CHARS_MAX,
  type Check,
  normalizeAddress,
  type ReceiptBundle,
  saltKeyOf,
  verifyBundle,
  verifyContent,
} from '@tallystick/core';
import { usage } from '../cli-error.ts';
import type { Context } from '../context.ts';
import type { Exit } from '../exit-codes.ts';
import { readBytes, readStdin } from '../parse.ts';
import { needed, readSecret } from '../secret.ts';
import { reportLines } from './report.ts';

/** UTF-8 takes at most four bytes a character. */
const BUNDLE_BYTES_MAX = 4 * BUNDLE_CHARS_MAX;
const CONTENT_BYTES_MAX = 1_073_741_824;

type VerifyOptions = { readonly signer?: string; readonly keyFile?: string; readonly request?: string; readonly response?: string };

/** Entirely offline: the file, what the caller kept, and arithmetic. */
export async function verifyReceipt(context: Context, file: string, options: VerifyOptions): Promise<Exit> {
  const { io, out } = context;
  checkOptions(file, options);
  const bytes = file === '-' ? await readStdin(io, 'the receipt', BUNDLE_BYTES_MAX) : readBytes(io, file, 'the receipt', BUNDLE_BYTES_MAX);
  const { checks, bundle } = verifyBundle(bytes.toString('utf8'), options.signer === undefined ? {} : { signer: options.signer });
  const all = [...checks, ...(await contentChecks(context, bundle, options))];
  const ok = all.every((check) => check.ok);
  const remarks = bundle === null ? [] : remarksOn(bundle, options);
  const result = { ok, checks: all, signer: bundle?.group.signer ?? null, receipt_hash: bundle?.receiptHash ?? null, remarks };
  out.result(result, ({ terminal }) => {
    const lines = reportLines(
      context,
      // A check's detail says what must hold; where it does not, the line must not read as if it did.
      all.map(({ name, ok, detail }) => ({ check: name, ok, detail: ok || name === 'format' ? detail : `Does not hold: ${detail}` })),
      terminal,
    );
    const verdict = ok ? 'The receipt verifies.' : 'The receipt does NOT verify: do not trust it.';
    return [lines, '', verdict, ...remarks].join('\n');
  });
  return ok ? 'ok' : 'unverified';
}

function checkOptions(file: string, { signer, keyFile, request, response }: VerifyOptions): void {
  if (signer !== undefined) {
    try {
      normalizeAddress(signer);
    } catch {
      throw usage('--signer must be 0x and 40 hex digits.');
    }
  }
  const contents = request !== undefined || response !== undefined;
  if (contents && keyFile === undefined)
    throw usage('--request and --response need --key-file: only the holder of the virtual key can compare them.');
  if (keyFile !== undefined && !contents) throw usage('--key-file needs --request or --response to compare.');
  if (keyFile === '-' && file === '-') throw usage('Only one of the two can come from standard input.');
}

async function contentChecks(
  { io }: Context,
  bundle: ReceiptBundle | null,
  { keyFile, request, response }: VerifyOptions,
): Promise<readonly Check[]> {
  if (bundle === null || keyFile === undefined) return [];
  const saltKey = saltKeyOf(needed(await readSecret(io, keyFile, 'virtual key'), 'virtual key'));
  const content = (path: string | undefined, option: string) =>
    path === undefined ? undefined : readBytes(io, path, option, CONTENT_BYTES_MAX);
  return verifyContent(bundle.receipt, saltKey, content(request, '--request'), content(response, '--response'));
}

/** What the checks do not say and a reader may otherwise assume. */
function remarksOn({ receipt, tariff, group }: ReceiptBundle, { signer }: VerifyOptions): readonly string[] {
  return [
    ...(receipt.mode === 1 ? ['SANDBOX: the call was simulated; this receipt never settles.'] : []),
    ...(signer === undefined ? [`Whose key ${group.signer} is was not checked: give --signer.`] : []),
    ...(tariff === null ? ['The bundle holds no tariff: the prices were not checked.'] : []),
  ];
}
