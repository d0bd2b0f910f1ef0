import { getHttpRpcClient } from 'viem/utils';
import { NodeError, nodeErrorOf } from './node-error.ts';

/** Asks a node. @throws NodeError, and nothing else. */
export type Rpc = (method: string, params: readonly unknown[]) => Promise<unknown>;

/** One node. `name` is shown and logged: it never is the URL, which may hold a credential. */
export type Node = { readonly name: string; readonly rpc: Rpc };

export type HttpNodeOptions = {
  readonly timeoutMs: number;
  readonly answerBytesMax: number;
};

const DEFAULTS: HttpNodeOptions = { timeoutMs: 10_000, answerBytesMax: 32 * 1024 * 1024 };

/**
 * A node behind HTTP(S). Credentials in the URL go into a header.
 * @param name how it is called in logs; never the URL.
 */
export function httpNode(url: string, name: string, options: Partial<HttpNodeOptions> = {}): Node {
  const { timeoutMs, answerBytesMax } = { ...DEFAULTS, ...options };
  const client = getHttpRpcClient(url, { maxResponseBodySize: answerBytesMax });
  return {
    name,
    rpc: async (method, params) => {
      // viem's own timeout ends with the answer's head; this signal holds for its body as well. A redirect would carry the credentials away.
      const signal = AbortSignal.timeout(timeoutMs);
      let answer: unknown;
      try {
        answer = await client.request({ body: { method, params }, fetchOptions: { signal, redirect: 'error' } });
      } catch (cause) {
        // The cause is dropped: it quotes the URL and the body.
        throw new NodeError('line', method, { isTimeout: signal.aborted, words: nameOf(cause) });
      }
      return resultOf(method, answer);
    },
  };
}

/** One node for each URL, called `rpc 1`, `rpc 2` … in logs. */
export function httpNodes(urls: readonly string[], options: Partial<HttpNodeOptions> = {}): Node[] {
  return urls.map((url, i) => httpNode(url, `rpc ${i + 1}`, options));
}

function resultOf(method: string, answer: unknown): unknown {
  if (typeof answer === 'object' && answer !== null) {
    const { error, result } = answer as { error?: unknown; result?: unknown };
    if (typeof error === 'object' && error !== null && typeof (error as { code?: unknown }).code === 'number') {
      throw nodeErrorOf(method, error as { code: number });
    }
    if (error === undefined && result !== undefined) return result;
  }
  throw new NodeError('line', method, { words: 'no json-rpc answer' });
}

function nameOf(cause: unknown): string {
  return cause instanceof Error ? cause.name : '';
}
