import type { Voice } from '../dialect.ts';
import { ApiError } from '../errors.ts';
import { BARE, keyIn } from '../http.ts';
import type { SandboxModel } from '../models.ts';
import { errorStatus, exhausted, invalidArgument, invalidKey } from './errors.ts';

/** Google's way: `{error: {code, message, status, details}}`, the key in a header of its own. */
export const GOOGLE: Voice = {
  key: (req) => {
    const header = req.headers['x-goog-api-key'];
    const key = keyIn(header, BARE);
    if (key !== undefined) return key;
    if (header !== undefined) throw invalidKey('API key not valid. Please pass a valid API key.');
    const message =
      "Method doesn't allow unregistered callers (callers without established identity). Any key will do for the sandbox: x-goog-api-key.";
    throw new ApiError(403, message);
  },
  // No id of the request: the answer's own `responseId` is all there is.
  headers: () => ({ vary: 'Origin, X-Origin, Referer', 'x-content-type-options': 'nosniff', 'x-frame-options': 'SAMEORIGIN' }),
  errorBody: (error) => `${JSON.stringify({ error: errorStatus(error) }, null, 2)}\n`,
  errorFrame: (error) => `data: ${JSON.stringify({ error: errorStatus(error) })}\r\n\r\n`,
  errors: {
    noRoute: (method, path) => new ApiError(404, `Method not found: ${method} ${path}`),
    noModel: () => invalidArgument('* GenerateContentRequest.model: unexpected model name format\n'),
    unknownModel,
    notServed: ({ id }) => unknownModel(id),
    refused: () => invalidArgument('Sandbox: this model refuses every request.'),
    rateLimited: ({ id }) => exhausted(id),
    wrongKey: (shown) => invalidKey(`API key not valid: ${shown}. Please pass a valid API key.`),
    failed: (overloaded) =>
      overloaded
        ? new ApiError(503, 'Sandbox: the model is overloaded. Please try again later.')
        : new ApiError(500, 'Sandbox: an internal error has occurred. Please retry.'),
  },
  junk: {
    stream: ['data: {"candidates": [\r\n\r\n', ':::\r\n\r\n', 'data\r\n\r\n', 'event: \u0000\r\ndata: [[[\r\n\r\n', '\uFFFD{}\r\r\n'],
    json: '{"candidates": [{"content": {',
  },
};

/** The same where the stream is a JSON array: what comes is the array's next element, and its last. */
export const GOOGLE_ARRAY: Voice = {
  ...GOOGLE,
  errorFrame: (error) => `,\r\n${JSON.stringify({ error: errorStatus(error) })}]\n`,
  junk: { ...GOOGLE.junk, stream: ['[{"candidates": [', ',\r\n,', '\u0000', ']]'] },
};

function unknownModel(id: string): ApiError {
  const message = `models/${id} is not found for API version v1beta, or is not supported for this method.`;
  return new ApiError(404, `${message} Call ListModels to see the list of available models and their supported methods.`);
}

/** The 400 of an input that does not fit the window. */
export function tooLong({ window }: SandboxModel): ApiError {
  return invalidArgument(`The input token count exceeds the maximum number of tokens allowed (${window}).`);
}
