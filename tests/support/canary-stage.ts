import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { expect } from 'vitest';
import { addKey, addSource } from './calls.ts';
import { CanarySearch, processTree } from './canary.ts';
import type { Certificate } from './certificate.ts';
import { startDaemon, type TestDaemon, temporaryFolder } from './daemon.ts';
import { type Arrived, type RecordingUpstream, startRecordingUpstream } from './recording-upstream.ts';
import { ALL_VOICES, type Voice } from './voices.ts';

/**
 * Left out of the search, each for a reason that docs give:
 * - the master key's file (here outside of the data folder): it is the master key;
 * - `admin-token`: it is the operator's token, mode 0600, which the CLI on this host reads. Only the token may be in it, so it is searched for the rest.
 * Not looked at: what an upstream writes into a 200 answer's own content, which is the caller's to read.
 */
export const TOKEN_FILE = 'admin-token';

const SETTINGS = {
  TALLY_LOG_LEVEL: 'debug',
  TALLY_UPSTREAM_HEADERS_MS: '400',
  TALLY_UPSTREAM_IDLE_MS: '400',
  TALLY_ANSWER_BYTES_MAX: '1000000',
  TALLY_SHUTDOWN_MS: '500',
  TALLY_RETRY_WAIT_MS_MAX: '50',
};

const RECEIPT = /"x-tally-receipt","([0-9a-f]{32})"/g;

/** One source of the quoting upstream, and a caller's key for it alone. */
export type Planted = { readonly id: string; readonly voice: Voice; readonly model: string; readonly secret: string; readonly key: string };

/** One request at the upstream, with the key that it brought. */
export type Asked = { readonly voice: Voice; readonly stream: boolean; readonly count: boolean; readonly key: string };
export type Quoting = (asked: Asked, res: ServerResponse) => void;

/** In the form that each provider uses, so that patterns of keys fit. */
const USUAL = { chat: 'sk-proj-', responses: 'sk-', messages: 'sk-ant-api03-', generate: 'AIza' } as const;

export function usualSecret(voice: Voice): string {
  return USUAL[voice.name] + randomBytes(24).toString('base64url');
}

/** In a form that no pattern of a key fits: short words between dots and colons. */
export function unusualSecret(): string {
  return `Cnry.${Array.from({ length: 6 }, () => randomBytes(3).toString('hex')).join(':')}!end`;
}

/** A daemon with secrets planted in every dialect, an upstream that quotes them as it is told, and an ear for all that leaves the daemon. */
export class CanaryStage {
  readonly dir: string;
  readonly master: Buffer;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #secrets: (readonly [string, Buffer])[] = [];
  /** Answers with their headers, standard output and error of each run. */
  readonly #said: string[] = [];
  readonly #upstream: RecordingUpstream;
  daemon: TestDaemon;

  private constructor(upstream: RecordingUpstream, env: Readonly<Record<string, string>>, dir: string, master: Buffer, daemon: TestDaemon) {
    this.dir = dir;
    this.master = master;
    this.#upstream = upstream;
    this.#environment = env;
    this.daemon = daemon;
    this.plant('master key', master.toString('hex'));
    if (daemon.virtual_key !== null) this.plant('first virtual key', daemon.virtual_key);
  }

  /** @param tls for an upstream that speaks https. */
  static async open(more: Readonly<Record<string, string>> = {}, tls: Certificate | null = null): Promise<CanaryStage> {
    const dir = temporaryFolder();
    if (tls !== null) writeFileSync(join(dir, 'upstream.pem'), tls.cert);
    const master = randomBytes(32);
    writeFileSync(join(dir, 'master.key'), `${master.toString('hex')}\n`, { mode: 0o600 });
    const env = {
      ...SETTINGS,
      TALLY_MASTER_KEY_FILE: join(dir, 'master.key'),
      NODE_EXTRA_CA_CERTS: tls === null ? '' : join(dir, 'upstream.pem'),
      ...more,
    };
    return new CanaryStage(await startRecordingUpstream(tls), env, dir, master, await startDaemon({ dir, env }));
  }

  /** Looked for from now on. */
  plant(name: string, secret: string): string {
    this.#secrets.push([name, Buffer.from(secret)]);
    return secret;
  }

  /** @param own in place of a plain source of the quoting upstream, whose model is `quoting`. */
  async source(voice: Voice, secret: string, own: Readonly<Record<string, unknown>> = {}): Promise<Planted> {
    const name = `${voice.name}-${this.#secrets.length}`;
    const models = { quoting: { window: 8192, maxOutput: 1024, tokenizer: 'unknown', endpoints: [voice.name] } };
    const plain = { name, provider: voice.provider, base_url: this.#upstream.url, cap: 90_000_000, count_consent: true, models };
    const { id } = await addSource(this.daemon, { ...plain, api_key: this.plant(`secret of ${name}`, secret), ...own });
    const { virtual_key } = await addKey(this.daemon, { name, sources: [id] });
    return { id, voice, model: 'quoting', secret, key: this.plant(`virtual key of ${name}`, virtual_key) };
  }

  /** In each dialect one secret of the usual form and one of another. */
  async sources(): Promise<readonly Planted[]> {
    return Promise.all(ALL_VOICES.flatMap((voice) => [usualSecret(voice), unusualSecret()].map((secret) => this.source(voice, secret))));
  }

  quote(quoting: Quoting): void {
    this.#upstream.answer = (arrived, res) => quoting(asked(arrived), res);
  }

  async hear(answer: Response): Promise<string> {
    const text = await answer.text().catch(() => 'cut');
    this.#said.push(`${answer.status}\n${JSON.stringify([...answer.headers])}\n\n${text}`);
    return text;
  }

  /** What was heard in another way. */
  heard(text: string): void {
    this.#said.push(text);
  }

  ask({ voice, model, key }: Planted, stream: boolean, headers: Readonly<Record<string, string>> = {}, content = 'Hi'): Promise<Response> {
    return fetch(this.daemon.url + voice.path(model, stream), {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
      body: JSON.stringify(voice.body({ model, stream, max: 24, content })),
    });
  }

  /** One call in JSON and one in a stream, each heard. */
  async both(planted: Planted): Promise<void> {
    await Promise.all([false, true].map(async (stream) => this.hear(await this.ask(planted, stream))));
  }

  async admin(path: string, body?: unknown): Promise<string> {
    const init = body === undefined ? {} : { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) };
    const headers = { authorization: `Bearer ${this.#token()}`, 'content-type': 'application/json' };
    return this.hear(await fetch(`${this.daemon.url}${path}`, { ...init, headers }));
  }

  /** For the secrets planted so far. `token`: also for the operator's, which stands in its own file. */
  search(token: boolean): CanarySearch {
    const own = [...this.#secrets, ['master key, raw', this.master] as const];
    if (token) own.push(['admin token', Buffer.from(this.#token())]);
    return new CanarySearch(own.map(([name, secret]) => ({ name, secret })));
  }

  /** Ends the daemon and starts another over the same data. */
  async restart(signal: NodeJS.Signals): Promise<void> {
    await this.daemon.stop(signal);
    this.hearOutput();
    this.daemon = await startDaemon({ dir: this.dir, env: this.#environment });
  }

  /** The line that hands out the first virtual key is what the first start is for; nothing else may show it. */
  hearOutput(): void {
    this.#said.push(this.daemon.stdout().replace(/"virtual_key":"[^"]*"/, ''), this.daemon.stderr());
  }

  expectNothingHeard(): void {
    const search = this.search(true);
    expect(this.#said.flatMap((text, i) => search.in(`${i}: ${text.slice(0, 160)}`, text))).toEqual([]);
  }

  expectNothingInProcesses(): void {
    const search = this.search(true);
    const pids = processTree(this.daemon.pid);
    expect(pids.length).toBeGreaterThan(1);
    for (const pid of pids) {
      for (const what of ['cmdline', 'environ']) expect(search.in(`${pid} ${what}`, readFileSync(`/proc/${pid}/${what}`))).toEqual([]);
    }
  }

  /** Asks for all that the daemon shows, makes a backup, stops it, and looks through all that was said. @returns how many receipts were looked at. */
  async expectNothingSaid(): Promise<number> {
    const shown = ['/metrics', '/healthz', '/readyz', '/api/receipts/signer'];
    const operators = ['sources', 'keys', 'doctor', 'audit/verify'].map((path) => `/api/admin/${path}`);
    for (const path of [...shown, ...operators]) await this.admin(path);
    const receipts = new Set(this.#said.flatMap((text) => [...text.matchAll(RECEIPT)].map(([, id]) => id)));
    for (const id of receipts) await this.hear(await fetch(`${this.daemon.url}/api/receipts/${id}`));
    await this.admin('/api/admin/backup', { folder: join(this.dir, 'backup') });
    await this.daemon.stop('SIGTERM');
    this.hearOutput();
    this.expectNothingHeard();
    return receipts.size;
  }

  /** Books and their journals, sealed records, slots, audit log, sandbox, backup. */
  expectNothingInFiles(): void {
    const data = join(this.dir, 'data');
    const { found, files } = this.search(false).inFolder(data);
    expect(found).toEqual([]);
    const search = this.search(true);
    expect(search.inFolder(data, [TOKEN_FILE]).found).toEqual([]);
    expect(search.inFolder(join(this.dir, 'backup')).found).toEqual([]);
    for (const name of ['ledger.db', 'sandbox-usage.sqlite', 'audit']) expect(files.some((path) => path.includes(name))).toBe(true);
    expect(existsSync(join(this.dir, 'backup', 'manifest.json'))).toBe(true);
  }

  async close(): Promise<void> {
    await this.daemon.dispose();
    await this.#upstream.close();
  }

  #token(): string {
    return readFileSync(join(this.dir, 'data', TOKEN_FILE), 'utf8').trim();
  }
}

const PATHS: readonly (readonly [RegExp, (typeof ALL_VOICES)[number]['name']])[] = [
  [/\/chat\/completions$/, 'chat'],
  [/\/responses$/, 'responses'],
  [/\/messages(\/count_tokens)?$/, 'messages'],
  [/:[a-zA-Z]+(\?alt=sse)?$/, 'generate'],
];

function asked({ path, headers, body }: Arrived): Asked {
  const name = PATHS.find(([pattern]) => pattern.test(path))?.[1];
  const voice = ALL_VOICES.find((one) => one.name === name);
  if (voice === undefined) throw new Error(`no dialect has the path ${path}`);
  const key = headers.find(([header]) => ['authorization', 'x-api-key', 'x-goog-api-key'].includes(header))?.[1] ?? '';
  const stream = path.endsWith('alt=sse') || /"stream"\s*:\s*true/.test(body.toString());
  return { voice, stream, count: /count_?tokens$/i.test(path), key: key.replace('Bearer ', '') };
}
