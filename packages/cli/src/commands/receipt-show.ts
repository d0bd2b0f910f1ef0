import { verifyBundle } from '@tallystick/core';
import { CliError, usage } from '../cli-error.ts';
import type { Context } from '../context.ts';
import type { Exit } from '../exit-codes.ts';
import { fields } from '../table.ts';
import { receiptFields } from './receipt-view.ts';
import { reportLines } from './report.ts';

const WAIT_SECONDS_MAX = 600;
/** A commit group is signed within a tenth of a second; a call may run for long. */
const POLL_MS_MIN = 100;
const POLL_MS_MAX = 1000;

/** Fetches by the public route, without any token, and verifies what it got before it shows it. */
export async function showReceipt(context: Context, id: string, options: { wait: string }): Promise<Exit> {
  if (!/^\d{1,3}$/.test(options.wait) || Number(options.wait) > WAIT_SECONDS_MAX)
    throw usage(`--wait must be from 0 to ${WAIT_SECONDS_MAX} seconds.`);
  const body = await signed(context, id, Number(options.wait) * 1000);
  const { ok, checks, bundle } = verifyBundle(body);
  context.out.result(body, (style) => {
    const failed = checks.filter((check) => !check.ok).map(({ name, detail }) => ({ check: name, ok: false, detail }));
    if (bundle === null || !ok) return reportLines(context, failed, style.terminal);
    return fields(
      [
        ['receipt', id],
        ...receiptFields(bundle),
        ['verified', `all ${checks.length} checks hold; that the signer is the gateway’s is yours to know`],
      ],
      style,
    );
  });
  return ok ? 'ok' : 'unverified';
}

async function signed({ io, client }: Context, id: string, waitMs: number): Promise<unknown> {
  const until = io.now() + waitMs;
  for (let pause = POLL_MS_MIN; ; pause = Math.min(2 * pause, POLL_MS_MAX)) {
    const { status, body } = await client.call<{ status?: unknown }>('GET', `/api/receipts/${encodeURIComponent(id)}`, { open: true });
    if (status !== 202) return body;
    if (io.now() + pause > until) {
      const why = body.status === 'open' ? 'its call is still running' : 'its signature is not made yet';
      throw new CliError('RECEIPT_PENDING', `There is no receipt to show yet: ${why}.`, 'failure');
    }
    await io.sleep(pause);
  }
}
