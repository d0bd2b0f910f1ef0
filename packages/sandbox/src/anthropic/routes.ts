import type { Call, Counter, Dialect, Route } from '../dialect.ts';
import { ApiError } from '../errors.ts';
import { sendJson } from '../http.ts';
import type { SandboxModel } from '../models.ts';
import { count, generate, knownModel } from '../serve.ts';
import { messagesWire } from './messages.ts';
import { countAsk, messagesAsk } from './messages-ask.ts';
import { modelInfo, modelPage } from './models.ts';
import { ANTHROPIC, type Version, versionOf } from './voice.ts';

const MODELS = '/v1/models';

/** The real one says how many tokens there were; the sandbox stops counting at the window. */
function tooLong({ window }: SandboxModel): ApiError {
  return new ApiError(400, `prompt is too long: more than ${window} tokens > ${window} maximum`);
}

function messages(version: Version): Dialect {
  return { voice: ANTHROPIC, endpoint: 'messages', ask: (body, model) => messagesAsk(body, model, version), wire: messagesWire, tooLong };
}

const COUNT: Counter = {
  voice: ANTHROPIC,
  endpoint: 'messages',
  counted: countAsk,
  body: (tokens) => JSON.stringify({ input_tokens: tokens }),
  tooLong,
};

const ROUTES: Readonly<Record<string, Route>> = {
  '/v1/messages': { method: 'POST', serve: (call) => generate(call, messages(versionOf(call.req))) },
  '/v1/messages/count_tokens': { method: 'POST', serve: (call) => count(call, COUNT) },
  [MODELS]: { method: 'GET', serve: ({ res, query }) => sendJson(res, ANTHROPIC, JSON.stringify(modelPage(query))) },
};

export function anthropicRoute(path: string): Route | null {
  const route = path.startsWith(`${MODELS}/`) ? modelRoute(path.slice(MODELS.length + 1)) : ownRoute(path);
  if (route === null) return null;
  const serve = (call: Call) => {
    versionOf(call.req);
    return route.serve(call);
  };
  return { ...route, serve };
}

function ownRoute(path: string): Route | null {
  return Object.hasOwn(ROUTES, path) ? (ROUTES[path] ?? null) : null;
}

function modelRoute(id: string): Route {
  const served = () => {
    const model = knownModel(ANTHROPIC, id);
    if (!model.endpoints.includes('messages')) throw ANTHROPIC.errors.unknownModel(id);
    return JSON.stringify(modelInfo(model));
  };
  return { method: 'GET', serve: ({ res }) => sendJson(res, ANTHROPIC, served()) };
}
