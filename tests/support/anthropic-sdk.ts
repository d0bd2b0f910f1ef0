import Anthropic, { type ClientOptions } from '@anthropic-ai/sdk';
import { type UnitName, unitName } from '@tallystick/core';
import { type Bundle, recordingFetch, addKey as register, addSource as registerSource, showSource } from './calls.ts';
import { startDaemon, type TestDaemon } from './daemon.ts';
import { type OwnSandbox, ownSandbox, type Usage } from './sandbox.ts';

/** A source on the sandbox and a virtual key for it alone, so that what both spend is what its calls cost. */
export type Pair = { readonly source: string; readonly keyId: string; readonly key: string; readonly secret: string };
export type Raised = {
  readonly error: InstanceType<typeof Anthropic.APIError>;
  readonly code: string | undefined;
  readonly field: string | undefined;
  /** Answers that the SDK got for it. */
  readonly requests: number;
};
export type KeyView = { readonly id: string; readonly held: string; readonly spent: string };

export const CAP = 50_000_000;
export const MESSAGES: Anthropic.MessageParam[] = [{ role: 'user', content: 'What did the tally stick show?' }];
export const PLAIN = { model: 'sandbox-small', max_tokens: 500, messages: MESSAGES };

/** A daemon over a sandbox, official SDKs in front of it, and all that crossed the wire between these two. */
export class SdkStage {
  readonly sandbox: OwnSandbox;
  readonly daemon: TestDaemon;
  readonly record = recordingFetch();

  private constructor(sandbox: OwnSandbox, daemon: TestDaemon) {
    this.sandbox = sandbox;
    this.daemon = daemon;
  }

  static async open(env: Readonly<Record<string, string>> = {}): Promise<SdkStage> {
    const sandbox = await ownSandbox();
    return new SdkStage(sandbox, await startDaemon({ env: { TALLY_SANDBOX: '0', ...env } }));
  }

  client(apiKey: string, options: ClientOptions = {}): Anthropic {
    return new Anthropic({ apiKey, baseURL: this.daemon.url, maxRetries: 0, fetch: this.record.fetch, ...options });
  }

  async pair(name: string, more: Readonly<Record<string, unknown>> = {}): Promise<Pair> {
    const secret = `sk-ant-sandbox-${name}-0123456789abcdef`;
    const base_url = `${this.sandbox.url}/v1`;
    const source = await registerSource(this.daemon, { name, provider: 'sandbox', base_url, api_key: secret, cap: CAP, ...more });
    const { id, virtual_key } = await register(this.daemon, { name, sources: [source.id] });
    return { source: source.id, keyId: id, key: virtual_key, secret };
  }

  async keyView(id: string): Promise<KeyView> {
    const { body } = await this.daemon.admin<{ keys: KeyView[] }>('/keys');
    const found = body.keys.find((key) => key.id === id);
    if (found === undefined) throw new Error(`no key ${id}`);
    return found;
  }

  /** What the source and the key have spent, tokens. */
  async spent({ source, keyId }: Pair): Promise<{ source: number; key: number }> {
    return { source: Number((await showSource(this.daemon, source)).spent), key: Number((await this.keyView(keyId)).spent) };
  }

  /** The sandbox's own durable count of what the pair's calls were billed. */
  billed({ secret }: Pair): Promise<Usage & { count_requests: number }> {
    return this.sandbox.usage(secret) as Promise<Usage & { count_requests: number }>;
  }

  /** What an SDK raised. @throws where it raised nothing, or no error of the API. */
  async raised(work: () => PromiseLike<unknown>): Promise<Raised> {
    const before = this.record.all.length;
    const error = await Promise.resolve(work()).then(
      () => null,
      (cause: unknown) => cause,
    );
    if (!(error instanceof Anthropic.APIError)) throw new Error(`expected an API error, got ${String(error)}`);
    const { code, field } = (error.error as { error?: { code?: string; field?: string } } | undefined)?.error ?? {};
    return { error, code, field, requests: this.record.all.length - before };
  }

  async close(): Promise<void> {
    await this.daemon.dispose();
    await this.sandbox.close();
  }
}

export function textOf({ content }: { readonly content: readonly (Anthropic.ContentBlock | Anthropic.Beta.BetaContentBlock)[] }): string {
  return content.map((block) => (block.type === 'text' ? block.text : '')).join('');
}

/** All that a usage names, tokens: the input's classes are disjoint. */
export function totalOf(usage: Anthropic.Usage | Anthropic.Beta.BetaUsage): number {
  const { input_tokens, output_tokens, cache_creation_input_tokens, cache_read_input_tokens } = usage;
  return input_tokens + output_tokens + (cache_creation_input_tokens ?? 0) + (cache_read_input_tokens ?? 0);
}

/** A receipt's lines by class. */
export function linesOf({ receipt }: Bundle): Partial<Record<UnitName | 'unknown', number>> {
  return Object.fromEntries(receipt.lines.map(({ unit, quantity }) => [unitName(unit) ?? 'unknown', Number(quantity)]));
}

/** The classes that a usage tells, as a receipt's lines have them: what is zero has no line. */
export function classesOf(usage: Anthropic.Usage): Partial<Record<UnitName, number>> {
  const thinking = usage.output_tokens_details?.thinking_tokens ?? 0;
  const all = {
    input: usage.input_tokens,
    cached_input: usage.cache_read_input_tokens ?? 0,
    cache_write_5m: usage.cache_creation?.ephemeral_5m_input_tokens ?? 0,
    cache_write_1h: usage.cache_creation?.ephemeral_1h_input_tokens ?? 0,
    output: usage.output_tokens - thinking,
    reasoning: thinking,
  };
  return Object.fromEntries(Object.entries(all).filter(([, quantity]) => quantity > 0));
}
