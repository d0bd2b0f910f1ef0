import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { openBooks } from '../../packages/server/src/app/books.ts';
import { loadConfig } from '../../packages/server/src/ground/config.ts';
import { CONFIG_KEYS } from '../../packages/server/src/ground/config-keys.ts';
import { gateAccount, POOL_GATE } from '../../packages/server/src/ledger/index.ts';
import { eventually } from './calling.ts';
import { startDaemon, type TestDaemon, temporaryFolder } from './daemon.ts';
import { type PlayedVoice, playedVoice } from './played-voices.ts';

/** One request of the pool as it came to the upstream. */
export type Asked = {
  readonly key: string;
  readonly model: string;
  readonly limit: number;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  /** As it came. */
  readonly body: string;
};

/** What the upstream answers: some text, the usage that it reports and bills, and why it stopped. */
export type Answered = {
  readonly text?: string;
  readonly tokens?: number;
  readonly stop?: 'stop' | 'length';
  readonly status?: number;
  /** Breaks off after its text. */
  readonly dies?: boolean;
  /** Says nothing for ever: whoever waits has to leave. */
  readonly hangs?: boolean;
  /** Between two pieces of the text, ms. */
  readonly slowMs?: number;
};

export type Script = (asked: Asked, number: number) => Answered | Promise<Answered>;

/** An upstream of all three dialects that plays a script, and counts for itself what it bills to each key. */
export class PlayedUpstream {
  readonly url: string;
  readonly asked: Asked[] = [];
  /** Tokens, by key. */
  readonly billed = new Map<string, number>();
  script: Script = () => ({});
  /** Which keys it knows: others are refused, whatever they ask. */
  knows: (key: string) => boolean = () => true;
  readonly #close: () => Promise<void>;

  private constructor(url: string, close: () => Promise<void>) {
    this.url = url;
    this.#close = close;
  }

  static async start(): Promise<PlayedUpstream> {
    let played: PlayedUpstream | null = null;
    const server = createServer((req, res) => void played?.answer(req, res).catch(() => res.destroy()));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    played = new PlayedUpstream(`http://127.0.0.1:${port}/v1`, async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    });
    return played;
  }

  async answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const { authorization = '', 'x-api-key': anthropicKey, 'x-goog-api-key': googleKey } = req.headers;
    const key = String(anthropicKey ?? googleKey ?? authorization.replace('Bearer ', ''));
    const voice = playedVoice(req.url ?? '');
    const heard = voice.hear(req.url ?? '', JSON.parse(body.toString()) as Record<string, unknown>);
    this.billed.set(key, this.billed.get(key) ?? 0);
    if (!this.knows(key)) {
      refuse(res, 401);
      return;
    }
    if (heard === null) {
      res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(voice.count(req.url ?? '')));
      return;
    }
    const asked = { key, ...heard, body: body.toString() };
    this.asked.push(asked);
    await this.#play(res, voice, asked);
  }

  async #play(res: ServerResponse, voice: PlayedVoice, asked: Asked): Promise<void> {
    const { text = 'Done.', tokens, stop = 'stop', status = 200, ...how } = await this.script(asked, this.asked.length);
    const { dies = false, hangs = false, slowMs = 0 } = how;
    if (status !== 200) {
      refuse(res, status);
      return;
    }
    // Billed from here on, whether anybody is told or not.
    const total = tokens ?? asked.messages.length + 10;
    this.billed.set(asked.key, (this.billed.get(asked.key) ?? 0) + total);
    if (hangs) return;
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    res.write(voice.open);
    for (const piece of text.match(/[\s\S]{1,40}/g) ?? []) {
      res.write(voice.piece(piece));
      if (slowMs > 0) await new Promise((resolve) => setTimeout(resolve, slowMs));
    }
    if (dies) {
      res.destroy();
      return;
    }
    const output = Math.min(asked.limit, total);
    res.end(voice.close(stop, total - output, output));
  }

  close(): Promise<void> {
    return this.#close();
  }
}

function refuse(res: ServerResponse, status: number): void {
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ error: { message: 'no', type: 'x', code: 'no' } }));
}

export type ExecuteAnswer = Readonly<Record<string, unknown>> & {
  readonly success: boolean;
  readonly task_id: string;
  readonly state: string;
  readonly result: string;
  readonly tokens_used: number;
  readonly keys_used: number;
  readonly turns: readonly { readonly key_id: string; readonly tokens: number | null; readonly state: string; readonly receipt: string }[];
  readonly switches: readonly { readonly from: string; readonly to: string; readonly reason: string; readonly turn: number }[];
  readonly by_key: readonly { readonly key_id: string; readonly tokens: number }[];
  readonly error?: string;
};

export type Account = {
  readonly limit: number;
  readonly held: number;
  readonly spent: number;
  readonly left: number;
  readonly state: string;
};

/** Tasks run without waiting for the end of the lockout. */
function unlocked(): Readonly<Record<string, string>> {
  return 'TALLY_POOL_LOCKOUT_OFF' in CONFIG_KEYS ? { TALLY_POOL_LOCKOUT_OFF: 'true' } : {};
}

/** A daemon whose pool has keys of a played upstream. */
export class PoolStage {
  daemon: TestDaemon;
  readonly upstream: PlayedUpstream;
  readonly #env: Readonly<Record<string, string>>;
  #donors = 0;

  private constructor(daemon: TestDaemon, upstream: PlayedUpstream, env: Readonly<Record<string, string>>) {
    this.daemon = daemon;
    this.upstream = upstream;
    this.#env = env;
  }

  /** @param names the providers that are led to the played upstream by their own names, with the facts that are built in. */
  static async open(more: Readonly<Record<string, string>> = {}, names: readonly string[] = ['anthropic', 'google']): Promise<PoolStage> {
    const upstream = await PlayedUpstream.start();
    const dir = temporaryFolder();
    const file = join(dir, 'providers.json');
    const models = { m: { window: 1_000_000, maxOutput: 200_000, tokenizer: 'byte_bpe', endpoints: ['chat'], callFrame: 64 } };
    const base_url = upstream.url;
    const named = { played: { dialect: 'openai', base_url, models }, ...Object.fromEntries(names.map((name) => [name, { base_url }])) };
    writeFileSync(file, JSON.stringify(named));
    const env = { TALLY_LOG_LEVEL: 'error', TALLY_SANDBOX: '0', TALLY_POOL_PROVIDERS_FILE: file, ...unlocked(), ...more };
    const stage = new PoolStage(await startDaemon({ dir, env }), upstream, env);
    if (!('TALLY_POOL_LOCKOUT_OFF' in CONFIG_KEYS)) await stage.openGate();
    return stage;
  }

  /** Where nothing sees to the lockout, the gate is opened by hand. */
  async openGate(): Promise<void> {
    const { dir } = this.daemon;
    await this.daemon.stop();
    const books = await openBooks(loadConfig({ ...this.#env, TALLY_DATA_DIR: join(dir, 'data') }, dir), {}, null);
    await books.ledger.openAccount(gateAccount(POOL_GATE));
    await books.close();
    this.daemon = await startDaemon({ dir, env: this.#env });
  }

  /** @param more settings of the next start alone. */
  async restart(signal: NodeJS.Signals, more: Readonly<Record<string, string>> = {}): Promise<void> {
    const { dir } = this.daemon;
    await this.daemon.stop(signal);
    this.daemon = await startDaemon({ dir, env: { ...this.#env, ...more } });
  }

  /** Each gift has a donor of its own: one donor gives once a minute. @returns the id of the key. */
  async give(apiKey: string, tokens: number, more: Readonly<Record<string, unknown>> = {}): Promise<string> {
    this.#donors += 1;
    const donor = await this.daemon.admin<{ token: string }>('/donors', { name: `donor ${this.#donors}` });
    const body = { provider: 'played', api_key: apiKey, donated_tokens: tokens, ...more };
    const { status, json } = await this.post('/donate', body, donor.body.token);
    if (status !== 201) throw new Error(`a gift was refused: ${status} ${JSON.stringify(json)}`);
    return String(json['key_id']);
  }

  async post(path: string, body: unknown, token = this.#adminToken()) {
    const response = await fetch(`${this.daemon.url}/api/ai-pool${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return { status: response.status, json: (await response.json()) as Readonly<Record<string, unknown>> };
  }

  async execute(body: Readonly<Record<string, unknown>>): Promise<ExecuteAnswer> {
    const { json } = await this.post('/execute', { task_description: 'Write.', provider: 'played', ...body });
    return json as ExecuteAnswer;
  }

  /** A stream of a task's events, as a caller reads it. */
  async *events(path: string, init: RequestInit = {}): AsyncGenerator<{ event: string; id: string | null; data: Record<string, unknown> }> {
    const headers = { authorization: `Bearer ${this.#adminToken()}`, 'content-type': 'application/json', ...init.headers };
    const response = await fetch(`${this.daemon.url}/api/ai-pool${path}`, { ...init, headers });
    if (response.status !== 200) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    let rest = '';
    const decoder = new TextDecoder();
    for await (const bytes of response.body ?? []) {
      rest += decoder.decode(bytes, { stream: true });
      const frames = rest.split('\n\n');
      rest = frames.pop() ?? '';
      for (const each of frames) {
        const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(each)?.[1] ?? null;
        const event = field('event');
        if (event !== null) yield { event, id: field('id'), data: JSON.parse(field('data') ?? '{}') as Record<string, unknown> };
      }
    }
  }

  async get<T = Readonly<Record<string, unknown>>>(path: string, token = this.#adminToken()): Promise<{ status: number; json: T }> {
    const response = await fetch(`${this.daemon.url}/api/ai-pool${path}`, { headers: { authorization: `Bearer ${token}` } });
    return { status: response.status, json: (await response.json()) as T };
  }

  async task(id: string): Promise<ExecuteAnswer> {
    const response = await fetch(`${this.daemon.url}/api/ai-pool/tasks/${id}`, {
      headers: { authorization: `Bearer ${this.#adminToken()}` },
    });
    return (await response.json()) as ExecuteAnswer;
  }

  async until(id: string, ...states: readonly string[]): Promise<ExecuteAnswer> {
    return eventually(
      `task ${id} is ${states.join(' or ')}`,
      async () => {
        const task = await this.task(id);
        return states.includes(task.state) ? task : null;
      },
      40_000,
    );
  }

  async account(id: string): Promise<Account> {
    const { body } = await this.daemon.admin<Record<string, string>>(`/sources/${id}`);
    const { limit, held, spent, left, state } = body;
    return { limit: Number(limit), held: Number(held), spent: Number(spent), left: Number(left), state: String(state) };
  }

  async close(): Promise<void> {
    await this.daemon.dispose();
    await this.upstream.close();
  }

  #adminToken(): string {
    return readFileSync(join(this.daemon.dir, 'data', 'admin-token'), 'utf8').trim();
  }
}
