import type { Call, Counter, Dialect, Embedder, Route } from '../dialect.ts';
import { sendJson } from '../http.ts';
import { count, embed, generate, knownModel } from '../serve.ts';
import { countBody, countedTokens } from './count.ts';
import { planBatchEmbed, planEmbed } from './embed.ts';
import { invalidPayload } from './errors.ts';
import { arrayWire, generateWire, sseWire } from './generate.ts';
import { generateAsk } from './generate-ask.ts';
import { modelInfo, modelsPage } from './models.ts';
import { GOOGLE, GOOGLE_ARRAY, tooLong } from './voice.ts';

/** Either version of the API: the official client asks the older one. */
const PATH = /^\/v1(?:beta)?\/models(?:\/([^/:]+)(?::([a-zA-Z]+))?)?$/;

/** Of the query parameters that any method takes, those that change nothing but the answer's look. */
const PARAMETERS = ['alt', '$alt', 'prettyPrint', '$prettyPrint'];

const WHOLE: Dialect = {
  voice: GOOGLE,
  endpoint: 'generate',
  ask: (body, model) => generateAsk(body, model, false),
  wire: generateWire,
  tooLong,
};
const SSE: Dialect = { ...WHOLE, ask: (body, model) => generateAsk(body, model, true), wire: sseWire };
const ARRAY: Dialect = { ...SSE, voice: GOOGLE_ARRAY, wire: arrayWire };
const COUNT: Counter = { voice: GOOGLE, endpoint: 'generate', counted: countedTokens, body: countBody, tooLong };
const EMBED: Embedder = { voice: GOOGLE, endpoint: 'embed', plan: planEmbed };
const BATCH_EMBED: Embedder = { voice: GOOGLE, endpoint: 'embed', plan: planBatchEmbed };

/** What follows the colon of a path. */
const VERBS: Readonly<Record<string, (call: Call, modelId: string) => Promise<void>>> = {
  generateContent: (call, id) => generate(call, WHOLE, id),
  streamGenerateContent: (call, id) => {
    const sse = call.query.get('alt') === 'sse' || call.query.get('$alt') === 'sse';
    return sse ? generate(call, SSE, id) : generate({ ...call, voice: GOOGLE_ARRAY }, ARRAY, id);
  },
  countTokens: (call, id) => count(call, COUNT, id),
  embedContent: (call, id) => embed(call, EMBED, id),
  batchEmbedContents: (call, id) => embed(call, BATCH_EMBED, id),
};

/** What a path of Google's leads to; null where there is nothing. */
export function googleRoute(path: string): Route | null {
  const found = PATH.exec(path);
  if (found === null) return null;
  const [, id, verb] = found;
  if (id === undefined) return get(['pageSize', 'pageToken'], ({ query }) => modelsPage(query));
  if (verb === undefined) return get([], () => JSON.stringify(modelInfo(knownModel(GOOGLE, id))));
  const serve = Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined;
  if (serve === undefined) return null;
  return {
    method: 'POST',
    serve: (call) => {
      refuseParameters(call.query, PARAMETERS);
      return serve(call, id);
    },
  };
}

function get(parameters: readonly string[], body: (call: Call) => string): Route {
  return {
    method: 'GET',
    serve: (call) => {
      refuseParameters(call.query, [...PARAMETERS, ...parameters]);
      sendJson(call.res, GOOGLE, body(call));
    },
  };
}

/** A parameter that is none is a field that the request's message does not have. */
function refuseParameters(query: URLSearchParams, known: readonly string[]): void {
  const unknown = [...query.keys()].filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  throw invalidPayload(
    unknown.map((name) => {
      const shown = name.slice(0, 100);
      const why = `Cannot bind query parameter. Field '${shown}' could not be found in request message.`;
      return { description: `Invalid JSON payload received. Unknown name "${shown}": ${why}` };
    }),
  );
}
