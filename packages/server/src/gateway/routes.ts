import type { IncomingHttpHeaders } from 'node:http';
import { ANTHROPIC } from './providers/anthropic/dialect.ts';
import { ANTHROPIC_ENDPOINTS } from './providers/anthropic/endpoints.ts';
import type { Dialect } from './providers/dialect.ts';
import type { EndpointSpec } from './providers/endpoint.ts';
import { GOOGLE } from './providers/google/dialect.ts';
import { GOOGLE_ENDPOINTS } from './providers/google/endpoints.ts';
import { OPENAI } from './providers/openai/dialect.ts';
import { OPENAI_ENDPOINTS } from './providers/openai/endpoints.ts';

/** What a path asks for, and in which dialect it is to be answered. */
export type Route = { readonly dialect: Dialect } & (
  | { readonly kind: 'call'; readonly spec: EndpointSpec; readonly model?: string; readonly stream?: boolean }
  | { readonly kind: 'models' }
  | { readonly kind: 'model'; readonly model: string }
  | { readonly kind: 'unknown' }
);

const BY_PATH: ReadonlyMap<string, EndpointSpec> = new Map([...OPENAI_ENDPOINTS, ...ANTHROPIC_ENDPOINTS].map((spec) => [spec.route, spec]));
/** Both versions of Google's path are one API. */
const GOOGLE_MODELS = /^\/v1(?:beta)?\/models\/(.+)$/;
const VERB = /^(.+):([A-Za-z]+)$/;

/** Every route that callers' SDKs use and that is sent upstream, for documentation and tests. */
export const CALL_ROUTES: readonly EndpointSpec[] = [...OPENAI_ENDPOINTS, ...ANTHROPIC_ENDPOINTS, ...Object.values(GOOGLE_ENDPOINTS)];

/** @param path without its query. @returns null where the path is none of the gateway's. */
export function routeOf(path: string, headers: IncomingHttpHeaders): Route | null {
  if (!/^\/v1(beta)?(\/|$)/.test(path)) return null;
  const spec = BY_PATH.get(path);
  if (spec !== undefined) return { kind: 'call', dialect: spec.dialect, spec };
  const called = googleCall(path);
  if (called !== null) return called;
  const dialect = path.startsWith('/v1beta') ? GOOGLE : dialectOf(headers);
  if (/^\/v1(?:beta)?\/models$/.test(path)) return { kind: 'models', dialect };
  const model = decoded(GOOGLE_MODELS.exec(path)?.[1]);
  return model === null ? { kind: 'unknown', dialect } : { kind: 'model', dialect, model };
}

/** `/v1beta/models/{model}:{verb}`. */
function googleCall(path: string): Route | null {
  const [, model, verb] = VERB.exec(decoded(GOOGLE_MODELS.exec(path)?.[1]) ?? '') ?? [];
  if (model === undefined || verb === undefined || !Object.hasOwn(GOOGLE_ENDPOINTS, verb)) return null;
  return { kind: 'call', dialect: GOOGLE, spec: GOOGLE_ENDPOINTS[verb] as EndpointSpec, model, stream: verb === 'streamGenerateContent' };
}

/** Two dialects share `/v1/models` and the paths that there are none of: the headers that each SDK sends tell them apart. */
function dialectOf(headers: IncomingHttpHeaders): Dialect {
  if (headers['anthropic-version'] !== undefined || headers['x-api-key'] !== undefined) return ANTHROPIC;
  return headers['x-goog-api-key'] === undefined ? OPENAI : GOOGLE;
}

function decoded(text: string | undefined): string | null {
  if (text === undefined) return null;
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
