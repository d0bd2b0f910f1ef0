import type { IncomingMessage } from 'node:http';
import type { Voice } from '../dialect.ts';
import { ApiError } from '../errors.ts';
import { BARE, BEARER, keyIn } from '../http.ts';

/** The versions of the API, the newest first. */
const VERSIONS = ['2026-10-21', '2023-06-01', '2023-01-01'] as const;
export type Version = (typeof VERSIONS)[number];

const TYPES: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

function errorBody({ status, message, code }: ApiError, requestId: string): string {
  const type = TYPES[status] ?? (status >= 500 ? 'api_error' : 'invalid_request_error');
  const details = code === null ? {} : { details: { error_code: code } };
  return JSON.stringify({ type: 'error', error: { type, message, ...details }, request_id: requestId });
}

/** Anthropic's way: `{type: 'error', error: {type, message, details?: {error_code}}, request_id}`, the key in `x-api-key` or as a bearer token. */
export const ANTHROPIC: Voice = {
  key: (req) => {
    const key = keyIn(req.headers['x-api-key'], BARE) ?? keyIn(req.headers.authorization, BEARER);
    if (key === undefined) throw new ApiError(401, 'x-api-key header is required. Any key will do for the sandbox.');
    return key;
  },
  headers: (requestId) => ({ 'request-id': requestId, 'anthropic-organization-id': 'tallystick-sandbox' }),
  errorBody,
  errorFrame: (error, requestId) => `event: error\ndata: ${errorBody(error, requestId)}\n\n`,
  errors: {
    noRoute: (method, path) => new ApiError(404, `Not found: ${method} ${path}`),
    noModel: (got) => new ApiError(400, `model: ${got === undefined ? 'Field required' : 'Input should be a valid string'}`),
    unknownModel: (id) => new ApiError(404, `model: ${id}`),
    notServed: ({ id, endpoints }, endpoint) =>
      new ApiError(400, `model: ${id} does not serve ${endpoint}; it serves ${endpoints.join(', ')}`),
    refused: () => new ApiError(400, 'Sandbox: this model refuses every request.'),
    rateLimited: ({ id }) => {
      const reset = new Date(Date.now() + 1_000).toISOString();
      const headers = {
        'retry-after': '1',
        'anthropic-ratelimit-requests-limit': '1',
        'anthropic-ratelimit-requests-remaining': '0',
        'anthropic-ratelimit-requests-reset': reset,
        'anthropic-ratelimit-tokens-limit': '10000',
        'anthropic-ratelimit-tokens-remaining': '10000',
        'anthropic-ratelimit-tokens-reset': reset,
      };
      return new ApiError(429, `Sandbox: this request would exceed the rate limit of 1 request per minute for ${id}.`, { headers });
    },
    wrongKey: (shown) => new ApiError(401, `Sandbox: invalid x-api-key: ${shown}`),
    failed: (overloaded) => (overloaded ? new ApiError(529, 'Overloaded') : new ApiError(500, 'Sandbox: internal server error')),
  },
  junk: {
    stream: [
      'event: message_start\ndata: {"type": "message_st\n\n',
      ':::\n\n',
      'event: content_block_delta\n\n',
      'event: \u0000\ndata: [[[\n\n',
      '\uFFFD{}\r\r\n',
    ],
    json: '{"id": "msg_01", "type": "message", "content": [{',
  },
};

/** @throws ApiError 400 without a version of the API that is known */
export function versionOf(req: IncomingMessage): Version {
  const sent = req.headers['anthropic-version'];
  if (sent === undefined) throw new ApiError(400, 'anthropic-version: header is required');
  const version = VERSIONS.find((each) => each === sent);
  if (version === undefined) throw new ApiError(400, `anthropic-version: ${JSON.stringify(sent)} is not a valid version`);
  return version;
}
