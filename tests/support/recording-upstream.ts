import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Certificate } from './certificate.ts';

/** One request as its bytes arrived. */
export type Arrived = {
  readonly method: string;
  readonly path: string;
  /** Names and values as they were sent, in order. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
};

export type Answer = (arrived: Arrived, res: ServerResponse) => void | Promise<void>;

export type RecordingUpstream = {
  /** With the base path. */
  readonly url: string;
  readonly arrived: Arrived[];
  /** What the next requests are answered with. */
  answer: Answer;
  close(): Promise<void>;
};

export const CHAT_USAGE = { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 };

/** A plain good answer, whatever is asked: JSON, or events where the body says `"stream":true`. */
export function goodAnswer({ path, body }: Arrived, res: ServerResponse): void {
  const usage = path.endsWith('/responses') ? { input_tokens: 3, output_tokens: 1, total_tokens: 4 } : CHAT_USAGE;
  const whole = { id: 'x', object: 'chat.completion', model: 'm', choices: [], output: [], data: [], usage };
  if (!/"stream"\s*:\s*true/.test(body.toString('latin1'))) {
    res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(whole));
    return;
  }
  res.writeHead(200, { 'content-type': 'text/event-stream' });
  if (path.endsWith('/responses')) {
    res.end(`event: response.completed\ndata: ${JSON.stringify({ type: 'response.completed', response: whole })}\n\n`);
    return;
  }
  const delta = { id: 'x', object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content: 'Hi' }, finish_reason: 'stop' }] };
  res.write(`data: ${JSON.stringify({ ...delta, usage: null })}\n\n`);
  res.end(`data: ${JSON.stringify({ ...delta, choices: [], usage })}\n\ndata: [DONE]\n\n`);
}

/** An upstream in this process that keeps what arrives and answers as it is told. @param tls for one that speaks https. */
export async function startRecordingUpstream(tls: Certificate | null = null): Promise<RecordingUpstream> {
  const arrived: Arrived[] = [];
  const upstream = { arrived, answer: goodAnswer as Answer };
  const receive = (req: IncomingMessage, res: ServerResponse) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const headers = Array.from({ length: req.rawHeaders.length / 2 }, (_, i) => {
        return [req.rawHeaders[2 * i] as string, req.rawHeaders[2 * i + 1] as string] as const;
      });
      const one: Arrived = { method: req.method ?? '', path: req.url ?? '', headers, body: Buffer.concat(chunks) };
      arrived.push(one);
      void upstream.answer(one, res);
    });
  };
  const server = tls === null ? createServer(receive) : createTlsServer(tls, receive);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return Object.assign(upstream, { url: `${tls === null ? 'http' : 'https'}://127.0.0.1:${port}/base/v1`, close });
}
