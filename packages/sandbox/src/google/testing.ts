import { type TestSandbox, testSandbox } from '../testing.ts';

/** A sandbox for one test file, asked in this dialect. */
export async function googleSandbox(key: string) {
  const sandbox: TestSandbox = await testSandbox();
  const call = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
    fetch(sandbox.url + path, {
      method,
      redirect: 'manual',
      headers: { 'x-goog-api-key': key, 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  return {
    ...sandbox,
    get: (path: string) => call('GET', path),
    post: (path: string, body: unknown, headers?: Record<string, string>) => call('POST', path, body, headers),
    /** `verb` is what follows the colon, with its query. */
    ask: (model: string, verb: string, body: unknown) => call('POST', `/v1beta/models/${model}:${verb}`, body),
    billed: async (model: string) => {
      const none = { requests: 0, count_requests: 0, input_tokens: 0, output_tokens: 0, total_tokens: 0 };
      return (await sandbox.usage(key)).by_model[model] ?? none;
    },
  };
}

export type GoogleSandbox = Awaited<ReturnType<typeof googleSandbox>>;

/** The frames of an event stream, parsed. */
export function sseChunks<T>(text: string): T[] {
  const frames = text.split('\r\n\r\n').filter((frame) => frame !== '');
  return frames.map((frame) => JSON.parse(frame.replace(/^data: /, '')) as T);
}

export function contentsOf(...texts: readonly string[]) {
  return texts.map((text, index) => ({ role: index % 2 === 0 ? 'user' : 'model', parts: [{ text }] }));
}
