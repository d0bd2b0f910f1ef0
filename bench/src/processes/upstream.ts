import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Dialect, StreamKind } from '../dialects/dialect.ts';
import { dialectAt } from '../dialects/dialects.ts';
import { streamKindOf } from '../dialects/text.ts';
import { answerAsks } from '../house/ask.ts';
import type { Pace, Told, UpstreamAsk } from '../house/upstream-asks.ts';
import { HeldStream, probe, rush, type StreamOut } from '../streams/stream-out.ts';

/**
 * The upstream of every subject: reads the request and answers the same bytes at once, or streams. It counts what it served, by key, and
 * every frame that it sent; how many streams are open is for it to say.
 */
const served = new Map<string, number>();
const held = new Set<HeldStream>();
let pace: Pace = { ms: 100, rushFrames: 0 };
let framesSent = 0;
let heldLeast = Number.POSITIVE_INFINITY;
let opened = 0;

const USAGE_ASKED = '"include_usage":true';

function handle(req: IncomingMessage, res: ServerResponse): void {
  const dialect = dialectAt(req.url ?? '');
  if (dialect === null) {
    req.resume();
    res.writeHead(404).end();
    return;
  }
  const chunks: Buffer[] = [];
  req.on('data', (chunk: Buffer) => chunks.push(chunk));
  req.on('end', () => answer(req, res, dialect, Buffer.concat(chunks)));
}

function answer(req: IncomingMessage, res: ServerResponse, dialect: Dialect, body: Buffer): void {
  const { authorization = '', 'x-api-key': anthropicKey, 'x-goog-api-key': googleKey } = req.headers;
  const key = String(anthropicKey ?? googleKey ?? authorization.replace(/^Bearer /, ''));
  served.set(key, (served.get(key) ?? 0) + 1);
  const kind = streamKindOf(body);
  if (kind !== null) {
    stream(res, dialect, kind, body.includes(USAGE_ASKED));
    return;
  }
  const whole = Buffer.from(dialect.json.answer);
  res.writeHead(200, { 'content-type': 'application/json', 'content-length': whole.length }).end(whole);
}

function stream(res: ServerResponse, { stream }: Dialect, kind: StreamKind, isAsked: boolean): void {
  const out: StreamOut = { res, stream, isAsked, seq: 0, onFrame };
  res.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
  if (kind === 'rush') {
    rush(out, pace.rushFrames);
  } else if (kind === 'probe') {
    heldLeast = Math.min(heldLeast, held.size);
    probe(out);
  } else {
    const one = new HeldStream(out, pace.ms, opened);
    opened += 1;
    held.add(one);
    res.on('close', () => held.delete(one));
  }
}

function onFrame(): void {
  framesSent += 1;
}

answerAsks((asked: UpstreamAsk): Told => {
  if (asked.pace !== undefined) pace = asked.pace;
  if (asked.release === true) {
    for (const one of held) one.end();
    held.clear();
  }
  const told = { held: held.size, heldLeast: Number.isFinite(heldLeast) ? heldLeast : 0, framesSent, served: Object.fromEntries(served) };
  heldLeast = Number.POSITIVE_INFINITY;
  return told;
});

const server = createServer({ keepAliveTimeout: 65_000, noDelay: true }, handle);
server.listen({ port: 0, host: '127.0.0.1', backlog: 2048 }, () => process.send?.({ port: (server.address() as AddressInfo).port }));
