import type { Voice } from '../dialect.ts';
import { ApiError, badParam } from '../errors.ts';
import { BEARER, keyIn } from '../http.ts';
import { wrongType } from './fields.ts';

/** OpenAI's way: `{error: {message, type, param, code}}`, the key as a bearer token. */
export const OPENAI: Voice = {
  key: (req) => {
    const key = keyIn(req.headers.authorization, BEARER);
    if (key !== undefined) return key;
    const message = "You didn't provide an API key. Any key will do for the sandbox: Authorization: Bearer YOUR_KEY.";
    throw new ApiError(401, message, { code: 'missing_api_key', headers: { 'www-authenticate': 'Bearer realm="Tallystick sandbox"' } });
  },
  headers: (requestId) => ({
    'x-request-id': requestId,
    'openai-version': '2020-10-01',
    'openai-organization': 'tallystick-sandbox',
  }),
  errorBody: ({ status, message, type, param, code }) => {
    const kind = type ?? (status >= 500 ? 'server_error' : 'invalid_request_error');
    return `${JSON.stringify({ error: { message, type: kind, param, code } }, null, 2)}\n`;
  },
  errorFrame: null,
  errors: {
    noRoute: (method, path) => new ApiError(404, `Invalid URL (${method} ${path})`),
    noModel: (got) =>
      got === undefined || got === '' ? new ApiError(400, 'you must provide a model parameter') : wrongType('model', 'a string', got),
    unknownModel: (id) => {
      const message = `The model '${id}' does not exist or you do not have access to it.`;
      return new ApiError(404, message, { param: 'model', code: 'model_not_found' });
    },
    notServed: ({ id, endpoints }, endpoint) => {
      const message = `The model '${id}' does not serve ${endpoint}; it serves ${endpoints.join(', ')}.`;
      return badParam('model', 'model_not_supported', message);
    },
    refused: () => badParam('model', 'sandbox_refused', 'Sandbox: this model refuses every request.'),
    rateLimited: ({ id }) => {
      const message = `Sandbox: rate limit reached for ${id} on requests per min (RPM): Limit 1, Used 1, Requested 1. Please try again in 1s.`;
      const headers = {
        'retry-after': '1',
        'x-ratelimit-limit-requests': '1',
        'x-ratelimit-remaining-requests': '0',
        'x-ratelimit-reset-requests': '1s',
      };
      return new ApiError(429, message, { type: 'requests', code: 'rate_limit_exceeded', headers });
    },
    wrongKey: (shown) => new ApiError(401, `Sandbox: incorrect API key provided: ${shown}.`, { code: 'invalid_api_key' }),
    failed: (overloaded) =>
      overloaded
        ? new ApiError(503, 'Sandbox: the engine is currently overloaded, please try again later.')
        : new ApiError(500, 'Sandbox: the server had an error while processing your request.'),
  },
  junk: {
    stream: ['data: {"id": "chatcmpl-\n\n', ':::\n\n', 'data\n\n', 'event: \u0000\ndata: [[[\n\n', '\uFFFD{}\r\r\n'],
    json: '{"id": "chatcmpl-1", "choices": [{',
  },
};
