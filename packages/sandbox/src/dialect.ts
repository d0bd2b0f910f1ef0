import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Ask, Body } from './ask.ts';
import type { Countable } from './count.ts';
import type { ApiError } from './errors.ts';
import type { SandboxEndpoint, SandboxModel } from './models.ts';
import type { Plan } from './plan.ts';
import type { Reported } from './report.ts';
import type { UsageStore } from './usage-store.ts';
import type { Wire } from './wire.ts';

/** What all routes of one provider have in common: where the key stands, how errors and headers look. */
export type Voice = {
  /** The caller's key: any non-empty one is known. @throws ApiError as the provider refuses a call without one */
  readonly key: (req: IncomingMessage) => string;
  /** The headers of every answer, beside the label that it is no provider's. */
  readonly headers: (requestId: string) => Readonly<Record<string, string>>;
  readonly errorBody: (error: ApiError, requestId: string) => string;
  /** An error inside of a stream that has begun, as frames; null where the provider's clients know none. */
  readonly errorFrame: ((error: ApiError, requestId: string) => string) | null;
  readonly errors: VoiceErrors;
  /** What `sandbox-garbage` says: nearly the provider's frames, nearly its JSON. */
  readonly junk: { readonly stream: readonly string[]; readonly json: string };
};

/** The provider's own words and statuses for what any route may have to say. */
export type VoiceErrors = {
  readonly noRoute: (method: string, path: string) => ApiError;
  /** The request names no model, or not as a string. */
  readonly noModel: (got: unknown) => ApiError;
  readonly unknownModel: (id: string) => ApiError;
  readonly notServed: (model: SandboxModel, endpoint: SandboxEndpoint) => ApiError;
  /** Refused for no reason that the request gives. */
  readonly refused: () => ApiError;
  readonly rateLimited: (model: SandboxModel) => ApiError;
  /** `shown` is the key with its middle masked, as real messages have it. */
  readonly wrongKey: (shown: string) => ApiError;
  /** The server's own failure; `overloaded` where the provider has another error for that. */
  readonly failed: (overloaded: boolean) => ApiError;
};

/** How one generating endpoint is asked and answers. */
export type Dialect = {
  readonly voice: Voice;
  readonly endpoint: SandboxEndpoint;
  /** @throws ApiError 400 as the real API does */
  readonly ask: (body: Body, model: SandboxModel) => Ask;
  readonly wire: (ask: Ask, plan: Plan, reported: Reported | null) => Wire;
  /** The 400 of an input that does not fit the window. */
  readonly tooLong: (model: SandboxModel) => ApiError;
};

/** How an endpoint that only counts is asked and answers. */
export type Counter = {
  readonly voice: Voice;
  readonly endpoint: SandboxEndpoint;
  /** @throws ApiError 400 as the real API does */
  readonly counted: (body: Body, model: SandboxModel) => Countable;
  /** The JSON of the answer. */
  readonly body: (tokens: number) => string;
  readonly tooLong: (model: SandboxModel) => ApiError;
};

/** How an embedding endpoint is asked and answers: `input` tokens are what it bills, `body` is made after it was billed. */
export type Embedder = {
  readonly voice: Voice;
  readonly endpoint: SandboxEndpoint;
  /** @throws ApiError 400 as the real API does */
  readonly plan: (body: Body, model: SandboxModel) => { readonly input: number; readonly body: () => string };
};

/** One request as a route gets it: its key is read, its body is not. */
export type Call = {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly store: UsageStore;
  readonly voice: Voice;
  readonly key: string;
  readonly query: URLSearchParams;
  /** It came by the redirect of `sandbox-redirect`. */
  readonly redirected: boolean;
};

/** What a path leads to. Every path takes one method. The helpers that serve are in `serve.ts`. */
export type Route = { readonly method: 'GET' | 'POST'; readonly serve: (call: Call) => void | Promise<void> };
