import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Hex, TallyError } from '../../packages/core/src/index.ts';
import { manualClock } from '../../packages/server/src/ground/clock.ts';
import { httpNode, httpNodes, type Node, type Rpc } from '../../packages/server/src/settle/chain/node.ts';
import { NodeError, nodeErrorOf } from '../../packages/server/src/settle/chain/node-error.ts';
import { Nodes, type NodesOptions } from '../../packages/server/src/settle/chain/nodes.ts';
import { isTooLarge } from '../../packages/server/src/settle/chain/reads.ts';
import { ANVIL, type ChainNode, DEV_KEYS, startChain } from '../support/chain-node.ts';
import { freshPayee, listeningLog, MemoryJournal, nodesFor, openSender, payment, soon } from '../support/sending.ts';
import { tcpProxy } from '../support/tcp-proxy.ts';

type Fake = Node & { head: bigint; chainId: number; fault: NodeError | null; asked: string[] };

function fake(name: string, head = 100n): Fake {
  const node: Fake = {
    name,
    head,
    chainId: 31_337,
    fault: null,
    asked: [],
    rpc: async (method) => {
      node.asked.push(method);
      if (node.fault !== null) throw node.fault;
      if (method === 'eth_chainId') return `0x${node.chainId.toString(16)}`;
      if (method === 'eth_blockNumber') return `0x${node.head.toString(16)}`;
      return name;
    },
  };
  return node;
}

function join(nodes: readonly Node[], more: Partial<NodesOptions> = {}) {
  const clock = manualClock();
  const { log, told } = listeningLog();
  const options = { chainId: 31_337, behindBlocksMax: 3, checkMs: 1000, restMs: 5000, restMsMax: 40_000, clock, log, ...more };
  return { nodes: new Nodes({ ...options, nodes }), clock, told };
}

const who = (nodes: Nodes) => nodes.use((rpc) => rpc('who', []));
const LINE = new NodeError('line', 'planted');

describe('several nodes', () => {
  it('a node that fails is left, the next does the work from its beginning, and the first is tried again later', async () => {
    const [a, b] = [fake('a'), fake('b')];
    const { nodes, clock, told } = join([a, b]);
    expect(await who(nodes)).toBe('a');
    a.fault = LINE;
    const steps: unknown[] = [];
    const work = nodes.use(async (rpc) => {
      steps.push('begun');
      return rpc('who', []);
    });
    expect(await work).toBe('b');
    expect(steps).toEqual(['begun', 'begun']);
    expect(nodes.status()[0]).toMatchObject({ name: 'a', isUsable: false, why: 'no answer' });
    expect(told.map(({ facts }) => facts)).toEqual([{ node: 'a', why: 'no answer' }]);
    a.fault = null;
    a.asked.length = 0;
    clock.advance(4999);
    expect(await who(nodes)).toBe('b');
    expect(a.asked).toEqual([]);
    clock.advance(1001);
    await who(nodes);
    expect(nodes.status()[0]).toMatchObject({ isUsable: true, why: null });
    // What works is kept: nodes do not alternate.
    expect(await who(nodes)).toBe('b');
  });

  it('one that fails again rests longer each time, up to a bound', async () => {
    const [a, b] = [fake('a'), fake('b')];
    const { nodes, clock } = join([a, b]);
    a.fault = LINE;
    const tries: number[] = [];
    for (let second = 0; second < 200; second += 1) {
      a.asked.length = 0;
      await who(nodes);
      if (a.asked.length > 0) tries.push(second);
      clock.advance(1000);
    }
    expect(tries.slice(0, 6)).toEqual([0, 5, 15, 35, 75, 115]);
  });

  it('one of another chain is never asked for anything else, also where it comes back as such', async () => {
    const [a, b] = [fake('a'), fake('b')];
    a.chainId = 1;
    const { nodes, clock } = join([a, b]);
    expect(await who(nodes)).toBe('b');
    expect(a.asked).toEqual(['eth_chainId']);
    expect(nodes.status()[0]?.why).toBe('another chain');
    b.fault = LINE;
    clock.advance(60_000);
    await expect(who(nodes)).rejects.toMatchObject({ code: 'CHAIN_UNREACHABLE' });
    expect(a.asked).not.toContain('who');
    b.fault = null;
    clock.advance(60_000);
    b.chainId = 2;
    b.fault = LINE;
    await expect(who(nodes)).rejects.toMatchObject({ code: 'CHAIN_UNREACHABLE' });
    b.fault = null;
    await expect(who(nodes)).rejects.toMatchObject({ code: 'CHAIN_UNREACHABLE', facts: { why: 'another chain, another chain' } });
  });

  it.each([
    [97n, 'a'],
    [96n, 'b'],
  ])('with 100 elsewhere and 3 allowed, a head of %s is asked: %s', async (head, answers) => {
    const { nodes } = join([fake('a', head), fake('b', 100n)]);
    expect(await who(nodes)).toBe(answers);
  });

  it('one of three that boasts of a head puts nobody aside', async () => {
    const { nodes } = join([fake('a', 100n), fake('b', 101n), fake('c', 10_000_000n)]);
    await who(nodes);
    expect(nodes.status().map(({ isUsable }) => isUsable)).toEqual([true, true, true]);
  });

  it('with none left all are asked, without waiting for their rest', async () => {
    const [a, b] = [fake('a'), fake('b')];
    const { nodes } = join([a, b]);
    a.fault = LINE;
    b.fault = LINE;
    await expect(who(nodes)).rejects.toMatchObject({ code: 'CHAIN_UNREACHABLE' });
    b.fault = null;
    expect(await who(nodes)).toBe('b');
  });

  it('one that was left and hangs holds up nobody, however long it takes to answer', async () => {
    const [a, b] = [fake('a'), fake('b')];
    const { nodes, clock } = join([a, b]);
    a.fault = LINE;
    expect(await who(nodes)).toBe('b');
    const answer = Promise.withResolvers<unknown>();
    const hanging: Rpc = async (method) => {
      a.asked.push(method);
      return answer.promise;
    };
    Object.assign(a, { rpc: hanging });
    a.asked.length = 0;
    for (let i = 0; i < 3; i += 1) {
      clock.advance(10_000);
      expect(await who(nodes)).toBe('b');
    }
    // It is asked once, and not again before it has answered.
    expect(a.asked).toEqual(['eth_chainId']);
    answer.resolve('0x7a69');
    await expect.poll(() => nodes.status()[0]?.isUsable).toBe(true);
  });

  it('what each of them says of itself is no node’s fault; what one of them says is', async () => {
    const { nodes } = join([fake('a'), fake('b')]);
    const disagrees = (code: 'CHAIN_REORG_TOO_DEEP' | 'CHAIN_BOOKS_WRONG') =>
      new NodeError('node', 'planted', { verdict: new TallyError(code) });
    const told = await nodes.use(async (rpc) => {
      if ((await rpc('who', [])) === 'a') throw disagrees('CHAIN_REORG_TOO_DEEP');
      return 'b';
    });
    expect(told).toBe('b');
    expect(nodes.status()[0]).toMatchObject({ isUsable: false, why: 'disagrees' });
    const { nodes: others } = join([fake('a'), fake('b')]);
    await expect(others.use(() => Promise.reject(disagrees('CHAIN_REORG_TOO_DEEP')))).rejects.toMatchObject({
      code: 'CHAIN_REORG_TOO_DEEP',
    });
    const { nodes: split } = join([fake('a'), fake('b')]);
    const each = split.use(async (rpc) => {
      throw disagrees((await rpc('who', [])) === 'a' ? 'CHAIN_REORG_TOO_DEEP' : 'CHAIN_BOOKS_WRONG');
    });
    await expect(each).rejects.toMatchObject({ code: 'CHAIN_UNREACHABLE' });
  });

  it('what any node would say is no reason to leave this one', async () => {
    const [a, b] = [fake('a'), fake('b')];
    const { nodes } = join([a, b]);
    const refused = nodeErrorOf('eth_call', { code: 3, message: 'execution reverted', data: '0x08c379a0' });
    await expect(nodes.use(() => Promise.reject(refused))).rejects.toBe(refused);
    expect(b.asked).not.toContain('who');
    expect(nodes.status()[0]?.isUsable).toBe(true);
  });
});

describe('what a node says', () => {
  it.each([
    ['eth_call', { code: -32005, message: 'daily request count exceeded, request rate limited' }, 'node'],
    ['eth_call', { code: -32000, message: 'header not found' }, 'node'],
    ['eth_call', { code: -32000, message: 'missing trie node 12ab' }, 'node'],
    ['eth_call', { code: -32603, message: 'Internal error' }, 'node'],
    ['eth_call', { code: 3, message: 'execution reverted', data: '0x12345678' }, 'answer'],
    ['eth_call', { code: -32603, message: 'execution reverted', data: { data: '0x12345678' } }, 'answer'],
    ['eth_sendRawTransaction', { code: -32000, message: 'nonce too low' }, 'answer'],
    ['eth_call', { code: -32601, message: 'the method eth_call does not exist' }, 'node'],
    ['eth_call', { code: -32602, message: 'invalid argument 1' }, 'node'],
    ['eth_call', { code: -32000, message: 'Unauthorized: your API key is not valid' }, 'node'],
    ['eth_sendRawTransaction', { code: -32602, message: 'invalid transaction' }, 'answer'],
    ['eth_sendRawTransaction', { code: -32601, message: 'rpc method is not whitelisted' }, 'node'],
    ['eth_getLogs', { code: -32005, message: 'query returned more than 10000 results' }, 'node'],
    ['eth_getLogs', { code: -32601, message: 'the method eth_getLogs does not exist/is not available' }, 'node'],
    ['eth_getBlockByNumber', { code: -39001, message: 'safe block not found' }, 'node'],
  ] as const)('%s %j is judged %s', (method, body, kind) => {
    expect(nodeErrorOf(method, body).kind).toBe(kind);
  });

  it.each([
    'query returned more than 10000 results',
    'eth_getLogs is limited to a 10,000 range',
    'block range is too large',
    'exceed maximum block range: 5000',
    'Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range',
    'query timeout exceeded',
    'response too big, try again with a smaller block range',
  ])('"%s" asks for fewer blocks', (message) => {
    expect(isTooLarge(nodeErrorOf('eth_getLogs', { code: -32000, message }))).toBe(true);
  });

  it.each(['daily request count exceeded, request rate limited', 'exceeded its compute units per second capacity', 'Too Many Requests'])(
    '"%s" asks for fewer questions, and not for more of them with fewer blocks',
    (message) => {
      expect(isTooLarge(nodeErrorOf('eth_getLogs', { code: -32005, message }))).toBe(false);
    },
  );
});

describe('a node behind HTTP', () => {
  const servers: Server[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });
  async function serve(answer: RequestListener): Promise<string> {
    const server = createServer(answer);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `user:sesame@127.0.0.1:${(server.address() as AddressInfo).port}/v2/api-key-in-path`;
  }

  it.each([
    ['an error page', (_q: unknown, s: ServerResponse) => s.writeHead(503).end('<h1>overloaded sesame</h1>'), false],
    ['no JSON', (_q: unknown, s: ServerResponse) => s.end('hello'), false],
    [
      'JSON that is no answer',
      (_q: unknown, s: ServerResponse) => s.setHeader('content-type', 'application/json').end('{"jsonrpc":"2.0"}'),
      false,
    ],
    ['more than it may', (_q: unknown, s: ServerResponse) => s.end(JSON.stringify({ result: 'x'.repeat(100_000) })), false],
    ['a redirect', (_q: unknown, s: ServerResponse) => s.writeHead(307, { location: 'http://127.0.0.1:1/' }).end(), false],
    ['nothing', () => {}, true],
    ['a head and never a body', (_q: unknown, s: ServerResponse) => s.writeHead(200).write('{"res'), true],
  ])('that answers with %s is not usable, and its URL is told to nobody', async (_what, answer, isTimeout) => {
    const node = httpNode(`http://${await serve(answer as RequestListener)}`, 'rpc 1', { timeoutMs: 300, answerBytesMax: 50_000 });
    const begun = performance.now();
    const error = await node.rpc('eth_call', ['0xpayload']).catch((caught: unknown) => caught);
    expect(performance.now() - begun).toBeLessThan(2000);
    expect(error).toBeInstanceOf(NodeError);
    expect(error).toMatchObject({ code: 'CHAIN_UNREACHABLE', kind: 'line', isTimeout });
    for (const word of ['sesame', 'api-key-in-path', '0xpayload', '127.0.0.1']) {
      expect(inspect(error, { depth: 9, showHidden: false })).not.toContain(word);
      expect(`${(error as Error).message}${(error as Error).stack?.split('\n')[0]}${JSON.stringify(error)}`).not.toContain(word);
    }
  });

  it('is called by its number, never by its URL', () => {
    expect(httpNodes(['http://a.example/key', 'http://b.example/key']).map(({ name }) => name)).toEqual(['rpc 1', 'rpc 2']);
  });

  it('sends credentials of the URL in a header', async () => {
    let header = '';
    const url = await serve((request, response) => {
      header = String(request.headers.authorization);
      response.setHeader('content-type', 'application/json').end('{"jsonrpc":"2.0","id":1,"result":"0x1"}');
    });
    expect(await httpNode(`http://${url}`, 'rpc 1').rpc('eth_chainId', [])).toBe('0x1');
    expect(header).toBe(`Basic ${Buffer.from('user:sesame').toString('base64')}`);
  });
});

describe.skipIf(ANVIL === undefined)('two ways to one chain, one of which breaks (needs anvil)', () => {
  let chain: ChainNode;
  beforeAll(async () => {
    chain = await startChain();
  });
  afterAll(() => chain.stop());

  it.each(['before', 'after', 'answered'] as const)('cut %s a transaction passed: it is paid once, by the other way', async (moment) => {
    const proxy = await tcpProxy(chain.port);
    const ways = [httpNode(`http://127.0.0.1:${proxy.port}`, 'broken', { timeoutMs: 500 }), chain.node];
    const sender = await openSender(ways, new MemoryJournal(), { key: DEV_KEYS[3] as Hex });
    try {
      const to = freshPayee();
      await sender.send(payment('a', to));
      const cut = proxy.cutAt('eth_sendRawTransaction', moment);
      await Promise.all([cut, sender.send(payment('b', to))]);
      expect(await chain.balance(to)).toBe(2000n);
    } finally {
      await sender.close();
      await proxy.close();
    }
  });

  it('one that hangs costs its timeout, once', async () => {
    const proxy = await tcpProxy(chain.port);
    const nodes = nodesFor([httpNode(`http://127.0.0.1:${proxy.port}`, 'hanging', { timeoutMs: 300 }), chain.node]);
    try {
      expect(await nodes.use((rpc) => rpc('eth_chainId', []))).toBe('0x7a69');
      proxy.freeze();
      const begun = performance.now();
      expect(await nodes.use((rpc) => rpc('eth_chainId', []))).toBe('0x7a69');
      expect(performance.now() - begun).toBeLessThan(2500);
      await soon(() => expect(nodes.status()[0]?.why).toBe('too slow'));
    } finally {
      await proxy.close();
    }
  });
});
