import type { IncomingHttpHeaders } from 'node:http';
import { anthropicRoute } from './anthropic/routes.ts';
import { ANTHROPIC } from './anthropic/voice.ts';
import type { Route, Voice } from './dialect.ts';
import { googleRoute } from './google/routes.ts';
import { GOOGLE } from './google/voice.ts';
import { openaiRoute } from './openai/routes.ts';
import { OPENAI } from './openai/voice.ts';

/** Who speaks at a path, and what the path leads to; even a path that leads nowhere is refused in somebody's words. */
export type Routed = { readonly voice: Voice; readonly route: Route | null };

const GOOGLE_PATH = /^\/v1beta\/|^\/v1\/models\/[^/]+:/;
const ANTHROPIC_PATH = /^\/v1\/messages(\/|$)/;
const MODELS_PATH = /^\/v1\/models(\/|$)/;

/** The lists of models share a path: only Google's key header and Anthropic's version header tell them apart. */
export function routeOf(path: string, headers: IncomingHttpHeaders): Routed {
  const google = GOOGLE_PATH.test(path) || (MODELS_PATH.test(path) && headers['x-goog-api-key'] !== undefined);
  if (google) return { voice: GOOGLE, route: googleRoute(path) };
  const anthropic = ANTHROPIC_PATH.test(path) || (MODELS_PATH.test(path) && headers['anthropic-version'] !== undefined);
  return anthropic ? { voice: ANTHROPIC, route: anthropicRoute(path) } : { voice: OPENAI, route: openaiRoute(path) };
}
