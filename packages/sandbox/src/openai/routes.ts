import type { Call, Dialect, Embedder, Route } from '../dialect.ts';
import { ApiError } from '../errors.ts';
import { labels, sendJson } from '../http.ts';
import { SANDBOX_MODELS, type SandboxModel } from '../models.ts';
import { embed, generate, knownModel } from '../serve.ts';
import { hashKey } from '../usage-store.ts';
import { chatWire } from './chat.ts';
import { chatAsk } from './chat-ask.ts';
import { planEmbeddings } from './embeddings.ts';
import { tooLong } from './fields.ts';
import { responsesWire } from './responses.ts';
import { responsesAsk } from './responses-ask.ts';
import { OPENAI } from './voice.ts';

/** Fixed, so that the list of models is the same at each start: 2025-01-01, seconds. */
const MODELS_CREATED = 1_735_689_600;
const MODELS = '/v1/models';

const CHAT: Dialect = {
  voice: OPENAI,
  endpoint: 'chat',
  ask: chatAsk,
  wire: chatWire,
  tooLong: (model) => tooLong(model, 'messages'),
};
const RESPONSES: Dialect = {
  voice: OPENAI,
  endpoint: 'responses',
  ask: responsesAsk,
  wire: responsesWire,
  tooLong: (model) => tooLong(model, 'input'),
};
const EMBEDDINGS: Embedder = { voice: OPENAI, endpoint: 'embeddings', plan: planEmbeddings };

const ROUTES: Readonly<Record<string, Route>> = {
  '/v1/chat/completions': { method: 'POST', serve: (call) => generate(call, CHAT) },
  '/v1/responses': { method: 'POST', serve: (call) => generate(call, RESPONSES) },
  '/v1/embeddings': { method: 'POST', serve: (call) => embed(call, EMBEDDINGS) },
  [MODELS]: {
    method: 'GET',
    serve: ({ res }) => sendJson(res, OPENAI, JSON.stringify({ object: 'list', data: SANDBOX_MODELS.map(modelJson) })),
  },
  // The sandbox's own, for whoever holds a key of any dialect.
  '/sandbox/usage': {
    method: 'GET',
    serve: ({ res, store, key }) => sendJson(res, OPENAI, JSON.stringify({ object: 'sandbox.usage', ...store.read(hashKey(key)) })),
  },
  '/sandbox/usage/export': { method: 'GET', serve: exported },
};

/** What the caller's key was billed, second by second, as a table that `tally reconcile` takes. */
function exported({ res, store, key, query }: Call): void {
  // Whole seconds only: a second is the least that is kept apart.
  const [from, to] = ['from', 'to'].map((name) => Number(/^\d{1,12}000$|^0$/.exec(query.get(name) ?? '')?.[0] ?? Number.NaN)) as [
    number,
    number,
  ];
  if (!(from < to)) throw new ApiError(400, 'Give `from` and `to` as whole seconds in Unix milliseconds, the first before the second.');
  const rows = store.billed(hashKey(key), from, to).map(({ at, tokens }) => `${new Date(at).toISOString()},${tokens}`);
  const table = ['timestamp,tokens', ...rows].join('\n');
  res.writeHead(200, { ...labels(OPENAI), 'content-type': 'text/csv; charset=utf-8' }).end(`${table}\n`);
}

export function openaiRoute(path: string): Route | null {
  if (path.startsWith(`${MODELS}/`)) {
    const id = path.slice(MODELS.length + 1);
    return { method: 'GET', serve: ({ res }) => sendJson(res, OPENAI, JSON.stringify(modelJson(knownModel(OPENAI, id)))) };
  }
  return Object.hasOwn(ROUTES, path) ? (ROUTES[path] ?? null) : null;
}

function modelJson({ id, description, behaviour, endpoints, window, maxOutput, wellBehaved }: SandboxModel) {
  const tallystick = { description, behaviour, endpoints, window, max_output: maxOutput, well_behaved: wellBehaved };
  return { id, object: 'model', created: MODELS_CREATED, owned_by: 'tallystick-sandbox', tallystick };
}
