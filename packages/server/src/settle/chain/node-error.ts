import { type Hex, TallyError } from '@tallystick/core';

type NodeErrorFacts = {
  readonly isTimeout?: boolean;
  readonly rpcCode?: number;
  readonly words?: string;
  readonly data?: Hex | null;
  readonly verdict?: TallyError;
};

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
  /** What it is where every node that can be asked says the same; null where it is one node's fault, however many have it. */
  readonly verdict: TallyError | null;

  constructor(kind: NodeError['kind'], method: string, more: NodeErrorFacts = {}) {
    const facts = more.rpcCode === undefined ? { method } : { method, rpc_code: more.rpcCode };
    super(kind === 'line' ? 'CHAIN_UNREACHABLE' : 'CHAIN_NODE_FAILED', DETAIL[kind], facts);
    this.kind = kind;
    this.isTimeout = more.isTimeout ?? false;
    this.rpcCode = more.rpcCode ?? null;
    this.words = (more.words ?? '').toLowerCase();
    this.data = more.data ?? null;
    this.verdict = more.verdict ?? null;
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

const OVERLOADED = /rate.?limit|too many requests|capacity|throttl|quota|credits|per second|daily|try again/;
const WITHOUT_STATE =
  /header not found|missing trie node|unknown block|block not found|state (is )?not available|pruned|could not find block|blockoutofrange/;
const NOT_FOR_US = /unauthori[sz]ed|not authori[sz]ed|forbidden|access denied|api.?key|not whitelisted|method not/;
/** Overloaded, internal error, no such method, no such thing here, method or version unknown, refused. */
const NODES_CODES: readonly number[] = [-32005, -32603, -32601, -32001, -32002, -32004, -32006, 401, 403, 429];
/** All that a contract or the chain's rules can refuse. Whatever else is asked, a node that does not answer it is the wrong one. */
const ABOUT_A_TRANSACTION: readonly string[] = ['eth_call', 'eth_estimateGas', 'eth_sendRawTransaction'];
const INVALID: readonly number[] = [-32600, -32602];

/** @returns the error that a JSON-RPC error object stands for. */
export function nodeErrorOf(method: string, body: RpcErrorBody): NodeError {
  const words = typeof body.message === 'string' ? body.message : '';
  const data = revertData(body.data);
  const kind = isNodesFault(method, body.code, words.toLowerCase(), data) ? 'node' : 'answer';
  return new NodeError(kind, method, { rpcCode: body.code, words, data });
}

function isNodesFault(method: string, code: number, words: string, data: Hex | null): boolean {
  if (!ABOUT_A_TRANSACTION.includes(method)) return true;
  if (data !== null || words.includes('revert')) return false;
  // What is signed may well be invalid; a call that we encode is not.
  if (INVALID.includes(code) && method !== 'eth_sendRawTransaction') return true;
  return NODES_CODES.includes(code) || OVERLOADED.test(words) || WITHOUT_STATE.test(words) || NOT_FOR_US.test(words);
}

/** Whether it said that it is asked too much, so that asking for less at a time would be asking still more often. */
export function isOverloaded({ words, rpcCode }: NodeError): boolean {
  return rpcCode === 429 || OVERLOADED.test(words);
}

/** Nodes put a revert's data into `data`, or into an object within. */
function revertData(data: unknown): Hex | null {
  if (typeof data === 'string') return /^0x([0-9a-f]{2})+$/i.test(data) ? (data.toLowerCase() as Hex) : null;
  if (typeof data === 'object' && data !== null && 'data' in data) return revertData(data.data);
  return null;
}
