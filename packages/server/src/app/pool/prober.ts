import type { Dispatcher } from 'undici';
import type { Probed, Prober } from '#pool';
import type { Loopback } from './loopback.ts';
import type { ValidationKey } from './validation-key.ts';

const WITHIN_MS = 30_000;
const ANSWER_BYTES_MAX = 65_536;
/** What is wrong with the virtual key that it is tried with. */
const OUR_KEY: ReadonlySet<string> = new Set(['AUTH_INVALID', 'KEY_REVOKED']);

/**
 * Tries a key by a call through the gateway's own door, on its source alone. Only what the gateway says of the key itself says anything of it:
 * every other outcome leaves it unclear.
 */
export function proberOf(loopback: () => Loopback, key: ValidationKey, stopping: AbortSignal): Prober {
  return async (sourceId, { path, body }) => {
    try {
      const headers = { authorization: `Bearer ${await key.secret()}`, 'x-tally-source': sourceId };
      const signal = AbortSignal.any([AbortSignal.timeout(WITHIN_MS), stopping]);
      const found = await probed(await loopback().post(path, headers, body, signal));
      if (found.result === 'unclear' && OUR_KEY.has(found.why)) key.forget();
      return found;
    } catch {
      return { receiptId: null, result: 'unclear', why: 'UPSTREAM_TIMEOUT' };
    }
  };
}

async function probed({ statusCode, headers, body }: Dispatcher.ResponseData): Promise<Probed> {
  const receipt = headers['x-tally-receipt'];
  const receiptId = typeof receipt === 'string' ? receipt : null;
  const code = headers['x-tally-error'];
  await body.dump({ limit: ANSWER_BYTES_MAX });
  if (statusCode >= 200 && statusCode < 300) return { receiptId, result: 'works' };
  if (code === 'UPSTREAM_AUTH') return { receiptId, result: 'refused' };
  return { receiptId, result: 'unclear', why: typeof code === 'string' ? code : 'UPSTREAM_ERROR' };
}
