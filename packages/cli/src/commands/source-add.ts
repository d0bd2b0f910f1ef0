import { randomBytes } from 'node:crypto';
import type { Context } from '../context.ts';
import { amount, jsonFile, when } from '../parse.ts';
import { needed, readSecret } from '../secret.ts';
import { printSource, type SourceView } from './source-view.ts';

export type AddOptions = {
  readonly name: string;
  readonly provider: 'openai' | 'openai-compatible' | 'anthropic' | 'google' | 'sandbox';
  readonly cap: string;
  readonly baseUrl?: string;
  readonly settle?: 'metered' | 'hold';
  readonly countConsent?: boolean;
  readonly models?: string;
  readonly tariff?: string;
  readonly expires?: string;
  readonly apiKeyFile?: string;
};

/** Everything that can be wrong is read before the key is asked for. */
export async function addSource(context: Context, options: AddOptions): Promise<void> {
  const { io, client } = context;
  const body = {
    name: options.name,
    provider: options.provider,
    base_url: options.baseUrl,
    cap: amount(options.cap, '--cap'),
    settle: options.settle,
    count_consent: options.countConsent,
    models: options.models === undefined ? undefined : jsonFile(io, options.models, '--models'),
    tariff: options.tariff === undefined ? undefined : jsonFile(io, options.tariff, '--tariff'),
    expires_at: options.expires === undefined ? undefined : when(options.expires, io.now()),
  };
  const apiKey = await readApiKey(context, options);
  printSource(context, await client.post<SourceView>('/api/admin/sources', { ...body, api_key: apiKey }));
}

async function readApiKey({ io, out }: Context, { provider, apiKeyFile }: AddOptions): Promise<string> {
  // The sandbox takes any key: nobody has one to type in, so none is asked for.
  const asked = provider !== 'sandbox' || apiKeyFile !== undefined || io.stdin.isTTY !== true;
  const key = asked ? await readSecret(io, apiKeyFile, 'API key') : '';
  if (provider !== 'sandbox' || key !== '') return needed(key, 'API key');
  out.note('The sandbox needs no key of yours: one was made up.');
  return `sk-${randomBytes(24).toString('base64url')}`;
}
