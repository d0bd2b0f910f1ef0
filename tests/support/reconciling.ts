import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { addKey, addSource, call, settledSource, sourceView } from './calling.ts';
import type { TestDaemon } from './daemon.ts';
import type { OwnSandbox } from './sandbox.ts';

const CAP = 10_000;
const FIXED = { model: 'sandbox-fixed-5' };
/** Billed in full, and nothing of it arrives: its source pays the whole hold. */
export const RESET = { model: 'sandbox-reset', max: 40 };

export type Interval = { readonly from: number; readonly to: number };
export type View = Readonly<Record<string, string | number | boolean | null>>;
let numbered = 0;

/** One source with a key of its own at the sandbox, and a virtual key for it alone. */
export class Reconciling {
  daemon: TestDaemon;
  readonly id: string;
  readonly key: string;
  readonly apiKey: string;
  readonly from: number;
  readonly #sandbox: OwnSandbox;

  constructor(sandbox: OwnSandbox, daemon: TestDaemon, id: string, key: string, apiKey: string, from: number) {
    this.#sandbox = sandbox;
    this.daemon = daemon;
    this.id = id;
    this.key = key;
    this.apiKey = apiKey;
    this.from = from;
  }

  static newApiKey(): string {
    numbered += 1;
    return `sk-reconcile-${process.pid}-${numbered}`;
  }

  static async on(sandbox: OwnSandbox, daemon: TestDaemon): Promise<Reconciling> {
    const apiKey = Reconciling.newApiKey();
    const from = Math.floor(Date.now() / 1000) * 1000;
    const id = await addSource(daemon, { base_url: `${sandbox.url}/v1`, api_key: apiKey, cap: CAP });
    const { key } = await addKey(daemon, { sources: [id] });
    return new Reconciling(sandbox, daemon, id, key, apiKey, from);
  }

  /** Two calls that are metered and one that is burned. @returns what the source has spent. */
  async burn(): Promise<number> {
    for (let n = 0; n < 2; n += 1) expect((await call(this.daemon.url, this.key, FIXED)).status).toBe(200);
    await call(this.daemon.url, this.key, RESET);
    return Number((await settledSource(this.daemon, this.id)).spent);
  }

  async billed(): Promise<number> {
    return (await this.#sandbox.usage(this.apiKey)).total_tokens;
  }

  /** Everything up to now, once that second is over. */
  async interval(): Promise<Interval> {
    const to = Math.floor(Date.now() / 1000) * 1000 + 1000;
    await sleep(to - Date.now() + 50);
    return { from: this.from, to };
  }

  async exported({ from, to }: Interval): Promise<string> {
    const answer = await fetch(`${this.#sandbox.url}/sandbox/usage/export?from=${from}&to=${to}`, {
      headers: { authorization: `Bearer ${this.apiKey}` },
    });
    return answer.text();
  }

  async ask(body: object): Promise<{ status: number; body: View; code: string | undefined; message: string }> {
    const { status, body: answer } = await this.daemon.admin<View & { error?: { code: string; message: string } }>(
      `/sources/${this.id}/reconcile`,
      body,
    );
    return { status, body: answer, code: answer.error?.code, message: answer.error?.message ?? '' };
  }

  async reconcile(interval: Interval, more: object = {}) {
    return this.ask({ ...interval, export: base64(await this.exported(interval)), ...more });
  }

  async spent(): Promise<number> {
    return Number((await sourceView(this.daemon, this.id)).spent);
  }
}

export const base64 = (text: string) => Buffer.from(text).toString('base64');
