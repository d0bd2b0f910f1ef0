import type { Dialect, Embedder, Route } from '../dialect.ts';
import { sendJson } from '../http.ts';
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
};

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
