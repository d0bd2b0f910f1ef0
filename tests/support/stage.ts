import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'vitest';
import { addKey, addSource, eventually, type SourceView, settledSource } from './calling.ts';
import { expectSoundBooks, type Recorded, verifyAll } from './calls.ts';
import { startDaemon, type TestDaemon } from './daemon.ts';
import { type RawRequest, type RawUpstream, rawUpstream } from './raw-upstream.ts';
import type { Voice } from './voices.ts';

/** Every model declared here has this window and no public tokenizer: what a call holds. */
export const HELD = 4_096;
export const OUTPUT_LIMIT = 20;
/** Above the smallest window of any provider, so that nobody has to agree to counting. */
const CAP = 5_000_000;

/** What one caller saw. `died`: the connection ended before the answer did. */
export type Seen = {
  readonly status: number;
  readonly code: string | null;
  readonly receipt: string | null;
  readonly callId: string | null;
  readonly headers: Headers;
  readonly text: string;
  readonly died: boolean;
};

export type Ask = {
  readonly stream?: boolean;
  readonly model?: string;
  readonly max?: number;
  readonly content?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** With each piece of the answer, what has come so far. */
  readonly onPart?: (soFar: string) => void;
};

/** What an upstream does with one request. */
export type Script = (request: RawRequest) => void;

export type SceneOptions = {
  readonly provider?: string;
  readonly model?: string;
  readonly cap?: number;
  readonly settle?: 'metered' | 'hold';
  readonly consent?: boolean;
  readonly keyLimit?: number;
  /** Another upstream than the stage's own. */
  readonly url?: string;
};

/** One hold as the books have it, with its receipt once there is one. */
export type HoldRow = {
  readonly call_id: string;
  readonly attempt: number;
  readonly state: 'open' | 'settled' | 'burned' | 'released';
  readonly receipt_id: string;
  readonly proof: string;
  readonly held: number;
  /** As its receipt has it; null while it is open. */
  readonly charged: number | null;
  /** The receipt's detail, else the hold's own. */
  readonly detail: Readonly<Record<string, unknown>>;
};

/** One source, played by one script, and a key that may use it alone. */
export class Scene {
  readonly #stage: Stage;
  readonly voice: Voice;
  readonly model: string;
  readonly id: string;
  readonly key: string;
  /** Whole requests that the wire carried to this source. */
  readonly requests: RawRequest[] = [];
  script: Script = () => {};
  readonly #parts = new Map<string, Script>();

  constructor(stage: Stage, voice: Voice, model: string, id: string, key: string) {
    this.#stage = stage;
    this.voice = voice;
    this.model = model;
    this.id = id;
    this.key = key;
  }

  take(request: RawRequest): void {
    this.requests.push(request);
    const part = /part \d+/.exec(request.body)?.[0] ?? '';
    (this.#parts.get(part) ?? this.script)({ ...request, number: this.requests.length });
  }

  /** One call with a script of its own, whatever else goes on with this source. @returns also the requests that the wire carried for it. */
  async plays(script: Script, ask: Ask): Promise<{ seen: Seen; requests: number }> {
    const content = `part ${this.#parts.size}`;
    let requests = 0;
    this.#parts.set(content, (request) => {
      requests += 1;
      script(request);
    });
    const seen = await this.ask({ ...ask, content });
    return { seen, requests };
  }

  /** One call, read to its end. Never throws: what a caller can see is the result. */
  ask(ask: Ask = {}): Promise<Seen> {
    return this.#stage.call(this, ask);
  }

  /** @returns the source once nothing is held of it. */
  settled(): Promise<SourceView> {
    return settledSource(this.#stage.daemon, this.id);
  }

  /** Its holds in the order in which they were placed. */
  holds(): readonly HoldRow[] {
    return this.#stage.holds(this.id);
  }

  /** `metered 7`, `bound 4096`, `burned 4096`, `released 0`: how its calls were booked, once they all are. */
  async booked(): Promise<readonly string[]> {
    const ended = async () => this.holds().every(({ state }) => state !== 'open') && this.holds();
    return (await eventually('its calls are booked', ended)).map(bookedAs);
  }

  /** The same of one call. */
  async bookedOne({ receipt }: Seen): Promise<string> {
    const ended = async () => this.#stage.holds(this.id, receipt).find(({ state }) => state !== 'open');
    return bookedAs(await eventually(`receipt ${receipt} is booked`, ended));
  }

  /** Waits until so many requests have come. */
  async arrived(count: number): Promise<void> {
    await eventually(`${count} requests`, async () => this.requests.length >= count);
  }
}

const bookedAs = ({ detail, charged }: HoldRow): string => `${String(detail['outcome'])} ${charged}`;

/** A daemon in a process of its own, and an upstream at the socket that plays any number of sources, each under a path of its own. */
export class Stage {
  daemon: TestDaemon;
  readonly upstream: RawUpstream;
  readonly #env: Readonly<Record<string, string>>;
  readonly #scenes: Scene[] = [];
  readonly #calls: Recorded[] = [];
  readonly #byPath = new Map<string, Scene>();
  /** Requests to where no source is, as a redirect would make them. */
  readonly #strays: string[] = [];
  #paths = 0;
  #books: DatabaseSync | null = null;

  private constructor(daemon: TestDaemon, upstream: RawUpstream, env: Readonly<Record<string, string>>) {
    this.daemon = daemon;
    this.upstream = upstream;
    this.#env = env;
    upstream.onRequest((request) => {
      const path = /^POST \/([0-9a-z]+)\//.exec(request.head)?.[1] ?? '';
      const scene = this.#byPath.get(path);
      if (scene === undefined) this.#strays.push(request.head);
      else scene.take(request);
    });
  }

  static async open(env: Readonly<Record<string, string>> = {}): Promise<Stage> {
    const upstream = await rawUpstream();
    const own = { TALLY_SANDBOX: '0', TALLY_LOG_LEVEL: 'fatal', ...env };
    return new Stage(await startDaemon({ env: own }), upstream, own);
  }

  /** Another daemon over the same data. @returns the exit code of the one before, which is stopped by `signal` unless it has ended. */
  async restart(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const { dir } = this.daemon;
    this.#shut();
    const code = await this.daemon.stop(signal);
    this.daemon = await startDaemon({ dir, env: this.#env });
    return code;
  }

  async scene(voice: Voice, options: SceneOptions = {}): Promise<Scene> {
    const { provider = voice.provider, model = 'raw', cap = CAP, settle = 'metered', consent = false } = options;
    this.#paths += 1;
    const path = `s${this.#paths}`;
    const url = options.url ?? this.upstream.url;
    const declared = { [model]: { window: HELD, maxOutput: 512, tokenizer: 'unknown', endpoints: [voice.name] } };
    const id = await addSource(this.daemon, {
      provider,
      base_url: `${url}/${path}/v1`,
      api_key: 'sk-raw-0123456789',
      cap,
      settle,
      count_consent: consent,
      ...(model === 'raw' ? { models: declared } : {}),
    });
    const limit = options.keyLimit === undefined ? {} : { limit: options.keyLimit };
    const { key } = await addKey(this.daemon, { sources: [id], ...limit });
    const scene = new Scene(this, voice, model, id, key);
    this.#byPath.set(path, scene);
    this.#scenes.push(scene);
    return scene;
  }

  /** A key for several sources, tried in the order in which they were made. */
  async keyFor(...scenes: readonly Scene[]): Promise<string> {
    return (await addKey(this.daemon, { sources: scenes.map(({ id }) => id) })).key;
  }

  async call({ voice, model: own, key }: Pick<Scene, 'voice' | 'model' | 'key'>, ask: Ask): Promise<Seen> {
    const { stream = false, model = own, max = OUTPUT_LIMIT, content = 'Hello', headers = {}, signal, onPart } = ask;
    const path = voice.path(model, stream);
    const body = JSON.stringify(voice.body({ model, stream, max, content }));
    let response: Response;
    try {
      response = await fetch(this.daemon.url + path, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
        body,
        ...(signal === undefined ? {} : { signal }),
      });
    } catch {
      return { status: 0, code: null, receipt: null, callId: null, headers: new Headers(), text: '', died: true };
    }
    const { bytes, died } = await readAll(response, onPart);
    const receipt = response.headers.get('x-tally-receipt');
    const { status } = response;
    const request = new TextEncoder().encode(body);
    const kept = Promise.resolve(died ? null : new Uint8Array(bytes));
    this.#calls.push({ path, status, code: null, receipt, virtualKey: key, request, response: kept });
    const text = bytes.toString();
    return {
      status,
      code: codeIn(voice, status, text),
      receipt,
      callId: response.headers.get('x-tally-call-id'),
      headers: response.headers,
      text,
      died,
    };
  }

  /** @param receipt of one call alone. */
  holds(sourceId: string, receipt: string | null = null): readonly HoldRow[] {
    const sql = `SELECT h.call_id, h.attempt, h.state, h.receipt_id, h.proof, l.amount AS held, r.charged, coalesce(r.detail, h.detail) AS detail
      FROM holds h JOIN hold_lines l ON l.hold_no = h.hold_no AND l.account_id = h.source_id
      LEFT JOIN receipts r ON r.lane_no = h.lane_no AND r.seq = h.lane_seq
      WHERE h.source_id = ? AND (? IS NULL OR h.receipt_id = ?) ORDER BY h.hold_no`;
    const rows = this.#read(sql, sourceId, receipt, receipt) as unknown as (HoldRow & { readonly detail: string })[];
    return rows.map((row) => ({ ...row, detail: JSON.parse(row.detail) as HoldRow['detail'] }));
  }

  /** As it stands committed at this moment. */
  account(id: string): { readonly held: number; readonly spent: number; readonly overrun: number; readonly state: string } {
    const [row] = this.#read('SELECT held, spent, overrun, state FROM accounts WHERE account_id = ?', id);
    return row as unknown as ReturnType<Stage['account']>;
  }

  /**
   * What holds at any moment, whatever an upstream does: no source has had more requests than holds were placed on it, no account has more
   * held and spent than its limit, and what a source has spent is what its receipts say. The wire is counted first: a hold is in the books
   * before its request leaves.
   */
  expectHoldsForAll(): void {
    expect(this.#strays).toEqual([]);
    const wire = this.#scenes.map(({ id, requests }) => [id, requests.length] as const);
    const rows = this.#read('SELECT source_id, count(*) AS holds FROM holds GROUP BY source_id');
    const holds = new Map(rows.map((row) => [row['source_id'], Number(row['holds'])]));
    expect(wire.filter(([id, requests]) => requests > (holds.get(id) ?? 0))).toEqual([]);
    expect(this.#read("SELECT account_id FROM accounts WHERE kind <> 'operator' AND held + spent > spend_limit")).toEqual([]);
    const unlike = `SELECT account_id, spent + overrun AS spent, coalesce(r.charged, 0) AS charged FROM accounts
      LEFT JOIN (SELECT source_id, sum(charged) AS charged FROM receipts GROUP BY source_id) r ON r.source_id = account_id
      WHERE kind = 'source' AND spent + overrun <> coalesce(r.charged, 0)`;
    expect(this.#read(unlike)).toEqual([]);
  }

  /** Every answer's receipt verifies and covers its bytes, both logs agree with themselves; then all of it is stopped. */
  async close(): Promise<void> {
    try {
      this.expectHoldsForAll();
      await expectSoundBooks(this.daemon);
      await verifyAll(this.daemon, this.#calls);
    } finally {
      this.#shut();
      await this.daemon.dispose();
      await this.upstream.close();
    }
  }

  #read(sql: string, ...values: readonly (string | null)[]): Record<string, unknown>[] {
    this.#books ??= new DatabaseSync(join(this.daemon.dir, 'data', 'ledger.db'), { readOnly: true, timeout: 5_000 });
    return this.#books.prepare(sql).all(...values) as Record<string, unknown>[];
  }

  #shut(): void {
    this.#books?.close();
    this.#books = null;
  }
}

async function readAll(response: Response, onPart?: (soFar: string) => void): Promise<{ bytes: Buffer; died: boolean }> {
  const parts: Uint8Array[] = [];
  try {
    for await (const part of response.body ?? []) {
      parts.push(part);
      onPart?.(Buffer.concat(parts).toString());
    }
    return { bytes: Buffer.concat(parts), died: false };
  } catch {
    return { bytes: Buffer.concat(parts), died: true };
  }
}

/** Our code in an error of the caller's own dialect: the whole body, or the last frame of a stream. Another shape is no code. */
function codeIn(voice: Voice, status: number, text: string): string | null {
  const last = status >= 400 ? text : (text.trimEnd().split(/\r?\n/).at(-1) ?? '').replace(/^data: /, '');
  try {
    const code = voice.codeOf(JSON.parse(last));
    return code !== null && /^[A-Z][A-Z_]+$/.test(code) ? code : null;
  } catch {
    return null;
  }
}
