/** The books beside the daemon: opened, made anew and looked after, with a chain in memory behind HTTP. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toHex } from 'viem';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TallyError } from '../../packages/core/src/index.ts';
import { type ChainBooksKeeper, keepBooks } from '../../packages/server/src/app/chain/books.ts';
import type { Place } from '../../packages/server/src/app/chain/chain.ts';
import type { NodeError } from '../../packages/server/src/settle/chain/node-error.ts';
import { FakeChain, REGISTRY, TOKEN, VAULT } from '../support/fake-chain.ts';
import { listeningLog, soon, type Told } from '../support/sending.ts';

let chain: FakeChain;
let server: Server;
let folder: string;
let url: string;
let kept: ChainBooksKeeper[];
/** What the contracts' views say. */
let supplyNow: bigint;

beforeEach(async () => {
  chain = new FakeChain();
  chain.deploy();
  for (let i = 0; i < 30; i += 1) chain.extend([1n]);
  supplyNow = 30n;
  server = createServer(async (request, response) => {
    const { id, method, params } = JSON.parse(Buffer.concat(await request.toArray()).toString('utf8')) as Asked;
    const answer = await answerTo(method, params).then(
      (result) => ({ result }),
      (error: NodeError) => ({ error: { code: error.rpcCode, message: error.words } }),
    );
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ jsonrpc: '2.0', id, ...answer }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  folder = mkdtempSync(join(tmpdir(), 'tally-keep-books-'));
  kept = [];
});
afterEach(async () => {
  for (const books of kept) await books.stop();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

const TOTAL_SUPPLY = '0x18160ddd';

/** Safe is what twelve blocks stand on; of the views one tells something. */
async function answerTo(method: string, params: readonly unknown[]): Promise<unknown> {
  if (method === 'eth_getBlockByNumber' && params[0] === 'safe') return chain.rpc(method, [toHex(chain.head.number - 12n), false]);
  if (method !== 'eth_call') return chain.rpc(method, params);
  chain.asked.push(method);
  return toHex((params[0] as { data: string }).data === TOTAL_SUPPLY ? supplyNow : 0n, { size: 32 });
}

type Asked = { readonly id: number; readonly method: string; readonly params: readonly unknown[] };

function placeFrom(fromBlock: number, mode: Place['mode']): Place {
  const contracts = { CreditToken: { address: TOKEN }, CreditVault: { address: VAULT } };
  return { urls: [url], mode, deployment: { chain_id: 31_337, registry: REGISTRY, from_block: fromBlock, contracts } };
}

function keep(mode: Place['mode'], place: () => Promise<Place | null>) {
  const { log, told } = listeningLog();
  const books = keepBooks(mode, folder, place, log);
  kept.push(books);
  return { books, told };
}

const supplyIs = (books: ChainBooksKeeper, supply: string) =>
  soon(() => expect(books.view()).toMatchObject({ at_head: true, trouble: null, credits: { supply } }));

describe('the books beside the daemon', () => {
  it('of the embedded chain are made anew where it lost blocks that were final, though nobody mines', async () => {
    const { books, told } = keep('embedded', async () => placeFrom(0, 'embedded'));
    await supplyIs(books, '30');
    await soon(() => expect(books.view().final_block).toBe(19));
    await books.stop();
    chain.drop(20);
    const { books: again, told: toldAgain } = keep('embedded', async () => placeFrom(0, 'embedded'));
    await supplyIs(again, '10');
    expect(again.view()).toMatchObject({ head_block: 11, mismatches: 0 });
    const anew = ({ message }: { readonly message: string }) => message.includes('made anew');
    expect([told.filter(anew).length, toldAgain.filter(anew).length]).toEqual([0, 1]);
  });

  it('of the embedded chain have their beginning, whatever block its record names', async () => {
    const { books } = keep('embedded', async () => placeFrom(20, 'embedded'));
    await supplyIs(books, '30');
    expect(books.view().mismatches).toBe(0);
  });

  it('of another’s chain that lack their beginning are told; those of a corrected record are other books', async () => {
    const { books, told } = keep('rpc', async () => placeFrom(10, 'rpc'));
    await soon(() => expect(books.view().trouble).toBe('CHAIN_BOOKS_WRONG'));
    expect(books.view()).toMatchObject({ at_head: false, final_block: null, events: 0 });
    await books.stop();
    expect(told.some(({ facts }) => facts['cause'] === 'CHAIN_BOOKS_WRONG')).toBe(true);
    const { books: corrected } = keep('rpc', async () => placeFrom(0, 'rpc'));
    await supplyIs(corrected, '30');
    expect(corrected.view().mismatches).toBe(0);
    // Books with something in them are never thrown away for a record that says otherwise.
    await soon(() => expect(readFileSync(join(folder, 'books-31337/events.jsonl'), 'utf8')).toContain(TOKEN));
    await corrected.stop();
    const { books: wrong } = keep('rpc', async () => placeFrom(10, 'rpc'));
    await soon(() => expect(() => wrong.view()).toThrow('of another deployment'));
  });

  it('are opened at a later look where the first ones fail, and the failure is told once', async () => {
    let looks = 0;
    const { books, told } = keep('embedded', async () => {
      looks += 1;
      if (looks < 3) throw new TallyError('STATE_INVALID');
      return placeFrom(0, 'embedded');
    });
    await soon(() => expect(() => books.view()).toThrow(TallyError));
    await supplyIs(books, '30');
    expect(told.filter(({ message }) => message.includes('cannot be opened'))).toHaveLength(1);
  });

  it('are compared once at a time, however many ask', async () => {
    const { books } = keep('embedded', async () => placeFrom(0, 'embedded'));
    await supplyIs(books, '30');
    const asked = () => chain.asked.filter((method) => method === 'eth_call').length;
    await books.verify();
    const before = asked();
    await books.verify();
    const once = asked() - before;
    const [first, second, third] = await Promise.all([books.verify(), books.verify(), books.verify()]);
    expect([second, third]).toEqual([first, first]);
    expect([once > 3, asked() - before]).toEqual([true, 2 * once]);
  });

  it('are held against the contracts’ own figures once they are at the head, and what differs is told', async () => {
    const differs = ({ facts }: Told) => facts['check'] === 'supply';
    const { books, told } = keep('embedded', async () => placeFrom(0, 'embedded'));
    await supplyIs(books, '30');
    await soon(() => expect(chain.asked).toContain('eth_call'));
    await books.stop();
    expect(told.filter(differs)).toEqual([]);
    supplyNow = 31n;
    const { told: toldOf } = keep('embedded', async () => placeFrom(0, 'embedded'));
    await soon(() => expect(toldOf.filter(differs)).toHaveLength(1));
  });
});
