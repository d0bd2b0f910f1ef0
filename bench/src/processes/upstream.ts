import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ANSWER_BODY } from '../overhead/payload.ts';

/** The upstream of every subject: reads the request, answers the same bytes at once, and counts what it served, by key. */
const answer = Buffer.from(ANSWER_BODY);
const served = new Map<string, number>();

function handle(req: IncomingMessage, res: ServerResponse): void {
  if (req.url === '/served') {
    const body = JSON.stringify(Object.fromEntries(served));
    res.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }).end(body);
    return;
  }
  req.resume();
  req.on('end', () => {
    const key = req.headers.authorization ?? '';
    served.set(key, (served.get(key) ?? 0) + 1);
    res.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length }).end(answer);
  });
}

const server = createServer({ keepAliveTimeout: 65_000, noDelay: true }, handle);
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on('disconnect', () => process.exit(0));
