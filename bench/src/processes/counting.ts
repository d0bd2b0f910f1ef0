import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerAsks } from '../house/ask.ts';
import type { CountingAsk, CountingBooks } from '../overspend/counting-asks.ts';
import { type Call, readCall } from '../overspend/meter.ts';

/**
 * The counting upstream: speaks OpenAI's chat, and bills as an honest provider does. Input is billed when the request is there, output as it
 * is generated, never above the limit that it was sent. Who hangs up is billed to the end of the answer all the same, and a request sent
 * again is billed again. It keeps its books in memory: it is the one that is never killed.
 */
const TICK_MS = 10;
const TOKENS_PER_TICK = 20;
const CREATED = 1_700_000_000;

type Account = { tokens: number; requests: number; running: number };
const accounts = new Map<string, Account>();
let calls = 0;

function accountOf(req: IncomingMessage): Account {
  const credential = (req.headers.authorization ?? '').replace(/^Bearer /, '');
  const account = accounts.get(credential) ?? { tokens: 0, requests: 0, running: 0 };
  accounts.set(credential, account);
  return account;
}

function handle(req: IncomingMessage, res: ServerResponse): void {
  if (req.method !== 'POST' || !(req.url ?? '').endsWith('/chat/completions')) {
    req.resume();
    res.writeHead(404).end();
    return;
  }
  const chunks: Buffer[] = [];
  req.on('data', (chunk: Buffer) => chunks.push(chunk));
  // A request of which a part is missing is no request: nothing is billed for it.
  req.on('end', () => serve(readCall(Buffer.concat(chunks).toString('utf8')), accountOf(req), res));
}

function serve(call: Call, account: Account, res: ServerResponse): void {
  calls += 1;
  const id = `chatcmpl-${calls}`;
  account.requests += 1;
  account.tokens += call.inputTokens;
  account.running += 1;
  res.on('error', () => {});
  if (call.isStream) res.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
  let written = 0;
  const timer = setInterval(() => {
    const now = Math.min(TOKENS_PER_TICK, call.outputTokens - written);
    written += now;
    account.tokens += now;
    if (call.isStream) frame(res, chunkOf(id, call, { content: 'tally '.repeat(now) }, null));
    if (written < call.outputTokens) return;
    clearInterval(timer);
    account.running -= 1;
    if (call.isStream) endStream(res, id, call);
    else answer(res, id, call);
  }, TICK_MS);
}

function endStream(res: ServerResponse, id: string, call: Call): void {
  frame(res, chunkOf(id, call, {}, call.finish));
  if (call.isUsageAsked) frame(res, { ...chunkOf(id, call, {}, null), choices: [], usage: usageOf(call) });
  if (!res.destroyed) res.end('data: [DONE]\n\n');
}

function frame(res: ServerResponse, data: object): void {
  if (!res.destroyed) res.write(`data: ${JSON.stringify(data)}\n\n`);
}

function chunkOf(id: string, { model }: Call, delta: object, finish_reason: string | null): object {
  return { id, object: 'chat.completion.chunk', created: CREATED, model, choices: [{ index: 0, delta, finish_reason }] };
}

function answer(res: ServerResponse, id: string, call: Call): void {
  if (res.destroyed) return;
  const message = { role: 'assistant', content: 'tally '.repeat(call.outputTokens) };
  const choices = [{ index: 0, message, finish_reason: call.finish }];
  const whole = JSON.stringify({ id, object: 'chat.completion', created: CREATED, model: call.model, choices, usage: usageOf(call) });
  res.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(whole) }).end(whole);
}

function usageOf({ inputTokens, outputTokens }: Call): object {
  return { prompt_tokens: inputTokens, completion_tokens: outputTokens, total_tokens: inputTokens + outputTokens };
}

answerAsks((_asked: CountingAsk): CountingBooks => Object.fromEntries(accounts));

const server = createServer({ keepAliveTimeout: 65_000, noDelay: true }, handle);
server.listen({ port: 0, host: '127.0.0.1', backlog: 2048 }, () => process.send?.({ port: (server.address() as AddressInfo).port }));
