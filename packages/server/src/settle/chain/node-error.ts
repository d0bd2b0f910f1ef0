import { type Hex, TallyError } from '@tallystick/core';

/** A node of the chain did not do what was asked. What it said is kept for judging, and is never shown: it may quote a URL, a key or a payload. */
export class NodeError extends TallyError {
  /** `line`: no usable answer came. `node`: it answers, and is the wrong one to ask (overloaded, behind, without the state). `answer`: any other node would say so too. */
  readonly kind: 'line' | 'node' | 'answer';
  readonly isTimeout: boolean;
  /** JSON-RPC code; null where there was no such answer. */
  readonly rpcCode: number | null;
  /** The node's own words, lower case. */
  readonly words: string;
  /** Data of a revert. */
  readonly data: Hex | null;

  constructor(
    kind: NodeError['kind'],
    method: string,
    more: { readonly isTimeout?: boolean; readonly rpcCode?: number; readonly words?: string; readonly data?: Hex | null } = {},
  ) {
    const facts = more.rpcCode === undefined ? { method } : { method, rpc_code: more.rpcCode };
    super(kind === 'line' ? 'CHAIN_UNREACHABLE' : 'CHAIN_NODE_FAILED', DETAIL[kind], facts);
    this.kind = kind;
    this.isTimeout = more.isTimeout ?? false;
    this.rpcCode = more.rpcCode ?? null;
    this.words = (more.words ?? '').toLowerCase();
    this.data = more.data ?? null;
    // Whoever prints this error whole must not print what the node said.
    Object.defineProperty(this, 'words', { enumerable: false });
  }
}

const DETAIL = {
  line: 'A node of the chain gave no usable answer.',
  node: 'A node of the chain cannot serve this now.',
  answer: 'A node of the chain refused this.',
} as const;

type RpcErrorBody = { readonly code: number; readonly message?: unknown; readonly data?: unknown };

const OVERLOADED = /rate limit|too many requests|capacity|throttl|quota|credits|try again/;
const WITHOUT_STATE =
  /header not found|missing trie node|unknown block|block not found|state (is )?not available|pruned|could not find block|blockoutofrange/;

/** @returns the error that a JSON-RPC error object stands for. */
export function nodeErrorOf(method: string, body: RpcErrorBody): NodeError {
  const words = typeof body.message === 'string' ? body.message : '';
  const low = words.toLowerCase();
  const data = revertData(body.data);
  const more = { rpcCode: body.code, words, data };
  if (data !== null || low.includes('revert')) return new NodeError('answer', method, more);
  // The same code says "too large a range" of logs, which no other node need say: whoever reads logs judges that.
  if (method === 'eth_getLogs') return new NodeError(WITHOUT_STATE.test(low) || OVERLOADED.test(low) ? 'node' : 'answer', method, more);
  const isNodes = body.code === -32005 || body.code === -32603 || body.code === 429 || OVERLOADED.test(low) || WITHOUT_STATE.test(low);
  return new NodeError(isNodes ? 'node' : 'answer', method, more);
}

/** Nodes put a revert's data into `data`, or into an object within. */
function revertData(data: unknown): Hex | null {
  if (typeof data === 'string') return /^0x([0-9a-f]{2})+$/i.test(data) ? (data.toLowerCase() as Hex) : null;
  if (typeof data === 'object' && data !== null && 'data' in data) return revertData(data.data);
  return null;
}
