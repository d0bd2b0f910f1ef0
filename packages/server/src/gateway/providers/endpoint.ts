import type { Endpoint, Usage } from '@tallystick/core';
import type { SourceRow } from '#ledger';
import type { ObjectNode } from '../body/schema.ts';
import type { WalkedBody } from '../body/walked.ts';
import type { StreamScanner } from '../stream/events.ts';
import type { Json } from '../stream/json.ts';
import type { Dialect } from './dialect.ts';

/** A field of the body, at the top or one level below it. */
export type FieldPath = readonly [string] | readonly [string, string];

/** One route that is sent upstream, as data: what it takes, how its output is limited, how its answer is metered. */
export type EndpointSpec = {
  readonly dialect: Dialect;
  /** What a model must serve for it. */
  readonly endpoint: Endpoint;
  /** For metrics and receipts: the endpoint, or `count`. */
  readonly name: string;
  /** As documented: `/v1beta/models/{model}:generateContent`. */
  readonly route: string;
  /** Counting: the provider bills nothing, so nothing is held. */
  readonly isFree: boolean;
  readonly fields: ObjectNode;
  /** The fields that limit output, the first being the one that is sent; empty where there is no output. */
  readonly outputFields: readonly FieldPath[];
  /** What some servers know in place of the first of `outputFields`. */
  outputField?(provider: SourceRow['provider']): FieldPath;
  /** Under the source's base URL. */
  upstreamPath(plan: Plan): string;
  /** Further edits of the body that policy owns. */
  edits?(plan: Plan): readonly { readonly path: FieldPath; readonly json: string | null }[];
  /** Usage of a whole JSON answer; null where it has none that can be used. */
  usage(answer: Json): Usage | null;
  scanner(plan: Plan): StreamScanner;
  /** How the provider counts such a request before it is sent; null where it cannot. */
  readonly counter: Counter | null;
};

/** A provider's count endpoint, asked about a request that is about to be sent. */
export type Counter = {
  path(plan: Plan): string;
  /** @param body the very bytes that will be sent. */
  body(plan: Plan, body: Buffer): Buffer;
  /** Input tokens; null where the answer has none that can be used. */
  read(answer: Json): bigint | null;
};

/** What the route's path and headers tell beside the body. */
export type RouteParams = { readonly model?: string; readonly stream?: boolean; readonly passedHeaders: readonly string[] };

/** What one walk over the body has told. */
export type Plan = {
  readonly body: Buffer;
  readonly walked: WalkedBody;
  readonly model: string;
  readonly stream: boolean;
  /** Whether the caller wants the usage frame of a chat stream. */
  readonly usageAsked: boolean;
  /** Output limit per choice that the caller named, tokens; null where none. */
  readonly outputAsked: bigint | null;
  /** Tokens of thinking that the provider wants to see below the output limit; 0 where none were asked for. */
  readonly thinkingBudget: bigint;
  readonly choices: number;
  readonly messages: number;
  readonly tools: number;
  readonly inputs: number;
  readonly images: number;
  readonly opaque: boolean;
  /** The answer may quote the request at any length. */
  readonly quotes: boolean;
  /** Name and value in turn. */
  readonly passedHeaders: readonly string[];
};
