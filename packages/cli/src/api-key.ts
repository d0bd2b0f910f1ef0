import { randomBytes } from 'node:crypto';
import type { Context } from './context.ts';
import { needed, readSecret } from './secret.ts';

/** A provider's key from a file, from what is piped in or from a prompt; for the sandbox one is made up where none is given. */
export async function readApiKey({ io, out }: Context, provider: string, file: string | undefined): Promise<string> {
  // The sandbox takes any key: nobody has one to type in, so none is asked for.
  const asked = provider !== 'sandbox' || file !== undefined || io.stdin.isTTY !== true;
  const key = asked ? await readSecret(io, file, 'API key') : '';
  if (provider !== 'sandbox' || key !== '') return needed(key, 'API key');
  out.note('The sandbox needs no key of yours: one was made up.');
  return `sk-${randomBytes(24).toString('base64url')}`;
}
