import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ask, Body } from './ask.ts';
import { chatWire } from './chat.ts';
import { chatAsk } from './chat-ask.ts';
import { planEmbeddings } from './embeddings.ts';
import { ApiError, badParam, wrongType } from './errors.ts';
import { deliver, refuseByName } from './faults.ts';
import { bearerKey, labels, readBody, sendError, sendJson } from './http.ts';
import { findModel, SANDBOX_MODELS, type SandboxEndpoint, type SandboxModel } from './models.ts';
import { type Plan, planAnswer } from './plan.ts';
import { type Reported, report } from './report.ts';
import { responsesWire } from './responses.ts';
import { responsesAsk } from './responses-ask.ts';
import type { Piece } from './tokens.ts';
import { hashKey, UsageStore } from './usage-store.ts';
import type { Wire } from './wire.ts';

/** Listening at `host`:`port` (0 picks a free one); the count of all it served is kept in `dataDir`. */
export type SandboxOptions = { readonly port?: number; readonly host?: string; readonly dataDir: string };

export type Sandbox = {
  /** For example `http://127.0.0.1:41234`; the API is under `/v1`. */
  readonly url: string;
  readonly port: number;
  /** Takes no more calls, lets those under way end for `graceMs` (default 0), then cuts them. All are counted. */
  readonly close: (graceMs?: number) => Promise<void>;
};

/** Fixed, so that the list of models is the same at each start: 2025-01-01, seconds. */
const MODELS_CREATED = 1_735_689_600;
/** What a redirect leads to; only a client that follows redirects gets here. */
const REDIRECTED = '/sandbox/redirected';
/** `sandbox-endless` bills this much ahead of what it sends, tokens. */
const ENDLESS_BATCH = 16;
/** And has an end after all, tokens: a limit on everything. */
const ENDLESS_TOKENS_MAX = 1_000_000;

/** @throws the server's own error when it cannot listen or open its file */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const store = new UsageStore(options.dataDir);
  const server = createServer({ keepAliveTimeout: 60_000, headersTimeout: 15_000, requestTimeout: 60_000 }, (req, res) => {
    void answer(req, res, store);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, options.host ?? '127.0.0.1', resolve);
  }).catch((error: unknown) => {
    store.close();
    throw error;
  });
  const { address, port, family } = server.address() as AddressInfo;
  const url = `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  return { url, port, close: (graceMs = 0) => close(server, store, graceMs) };
}

async function close(server: Server, store: UsageStore, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  await Promise.race([closed, sleep(graceMs, undefined, { ref: false })]);
  server.closeAllConnections();
  await closed;
  store.close();
}

async function answer(req: IncomingMessage, res: ServerResponse, store: UsageStore): Promise<void> {
  try {
    await route(req, res, store);
  } catch (error) {
    // The caller left before its request was whole: nothing was accepted, and nobody is there to be told.
    if (res.destroyed || req.socket.destroyed) return void res.destroy();
    if (error instanceof ApiError) return sendError(res, error);
    process.stderr.write(`${JSON.stringify({ event: 'sandbox.error', message: error instanceof Error ? error.message : 'unknown' })}\n`);
    if (res.headersSent) return void res.destroy();
    sendError(res, new ApiError(500, 'Sandbox: an error of its own.', { type: 'server_error', code: 'sandbox_bug' }));
  }
}

async function route(req: IncomingMessage, res: ServerResponse, store: UsageStore): Promise<void> {
  const path = (req.url ?? '/').split('?', 1)[0] as string;
  const key = bearerKey(req);
  if (req.method === 'POST') {
    if (path === '/v1/chat/completions') return generate(req, res, store, key, CHAT);
    if (path === '/v1/responses') return generate(req, res, store, key, RESPONSES);
    if (path === '/v1/embeddings') return embeddings(req, res, store, key);
    if (path === REDIRECTED) return generate(req, res, store, key, CHAT, true);
  }
  if (req.method === 'GET') {
    if (path === '/v1/models') return sendJson(res, 200, JSON.stringify({ object: 'list', data: SANDBOX_MODELS.map(modelJson) }));
    if (path.startsWith('/v1/models/')) return sendJson(res, 200, JSON.stringify(modelJson(known(path.slice('/v1/models/'.length)))));
    if (path === '/sandbox/usage') return sendJson(res, 200, JSON.stringify({ object: 'sandbox.usage', ...store.read(hashKey(key)) }));
  }
  throw new ApiError(404, `Invalid URL (${req.method} ${path})`);
}

type Dialect = {
  readonly endpoint: SandboxEndpoint;
  readonly param: 'messages' | 'input';
  readonly ask: (body: Body, model: SandboxModel) => Ask;
  readonly wire: (ask: Ask, plan: Plan, reported: Reported | null) => Wire;
};

const CHAT: Dialect = { endpoint: 'chat', param: 'messages', ask: chatAsk, wire: chatWire };
const RESPONSES: Dialect = { endpoint: 'responses', param: 'input', ask: responsesAsk, wire: responsesWire };

/**
 * Order matters: the whole answer is planned and billed, durably, before its first byte. So the count never falls
 * behind what was sent, whenever this process dies, and a caller that leaves has still bought the whole answer.
 */
async function generate(req: IncomingMessage, res: ServerResponse, store: UsageStore, key: string, dialect: Dialect, redirected = false) {
  const body = await readBody(req);
  const model = modelOf(body, dialect.endpoint);
  refuseByName(model, key);
  if (model.behaviour === 'redirect' && !redirected) {
    res.writeHead(307, { location: REDIRECTED, 'content-length': 0, ...labels() }).end();
    return;
  }
  const ask = dialect.ask(body, model);
  let plan = planAnswer(ask, dialect.param);
  const owner = hashKey(key);
  store.bill(owner, model.id, plan.billed.input, plan.billed.output);
  if (model.behaviour === 'endless') plan = billedAsSent(plan, (tokens) => store.bill(owner, model.id, 0, tokens, 0));
  const words = () => ask.counted.messages.flatMap((message) => message.texts).join(' ');
  await deliver(res, dialect.wire(ask, plan, report(model.behaviour, plan.billed, words)), model.behaviour);
}

/** The one answer that cannot be planned whole is billed in batches, each before its first token is sent. */
function billedAsSent(plan: Plan, bill: (tokens: number) => void): Plan {
  let paid = 0;
  let sent = 0;
  function* paidFor(pieces: Iterable<Piece>): Generator<Piece> {
    for (const piece of pieces) {
      if (sent >= ENDLESS_TOKENS_MAX) return;
      while (paid < sent + piece.tokens) {
        bill(ENDLESS_BATCH);
        paid += ENDLESS_BATCH;
      }
      sent += piece.tokens;
      yield piece;
    }
  }
  return { ...plan, choices: plan.choices.map((choice) => ({ ...choice, text: choice.text && paidFor(choice.text) })) };
}

async function embeddings(req: IncomingMessage, res: ServerResponse, store: UsageStore, key: string): Promise<void> {
  const body = await readBody(req);
  const model = modelOf(body, 'embeddings');
  const made = planEmbeddings(body, model);
  store.bill(hashKey(key), model.id, made.input, 0);
  sendJson(res, 200, made.body());
}

function modelOf(body: Body, endpoint: SandboxEndpoint): SandboxModel {
  if (body.model === undefined || body.model === '') throw new ApiError(400, 'you must provide a model parameter');
  if (typeof body.model !== 'string') throw wrongType('model', 'a string', body.model);
  const model = known(body.model);
  if (!model.endpoints.includes(endpoint)) {
    throw badParam(
      'model',
      'model_not_supported',
      `The model '${model.id}' does not serve ${endpoint}; it serves ${model.endpoints.join(', ')}.`,
    );
  }
  return model;
}

function known(id: string): SandboxModel {
  const model = findModel(id);
  if (model !== undefined) return model;
  const message = `The model '${id.slice(0, 100)}' does not exist or you do not have access to it.`;
  throw new ApiError(404, message, { param: 'model', code: 'model_not_found' });
}

function modelJson({ id, description, behaviour, endpoints, window, maxOutput, wellBehaved }: SandboxModel) {
  const tallystick = { description, behaviour, endpoints, window, max_output: maxOutput, well_behaved: wellBehaved };
  return { id, object: 'model', created: MODELS_CREATED, owned_by: 'tallystick-sandbox', tallystick };
}
