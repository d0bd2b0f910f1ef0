import { readApiKey } from '../api-key.ts';
import type { Context } from '../context.ts';
import { amount, jsonFile, when } from '../parse.ts';
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
  const apiKey = await readApiKey(context, options.provider, options.apiKeyFile);
  printSource(context, await client.post<SourceView>('/api/admin/sources', { ...body, api_key: apiKey }));
}
