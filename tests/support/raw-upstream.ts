import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** One request as it came over the wire: the bytes of its head and body, and the socket to answer on. */
export type RawRequest = { readonly head: string; readonly body: string; readonly socket: Socket; readonly number: number };

/** An upstream that is nothing but a socket: what it sends is written byte for byte by the test. */
export type RawUpstream = {
  readonly url: string;
  /** Whole requests seen, in order; what is counted here is what the wire carried. */
  readonly requests: readonly RawRequest[];
  readonly connections: () => number;
  /** How it behaves from now on; for each whole request. */
  onRequest(answer: (request: RawRequest) => void): void;
  /** For each chunk before the request is whole, with what has come so far. */
  onPart(see: ((soFar: string, socket: Socket) => void) | null): void;
  closeSockets(): void;
  close(): Promise<void>;
};

export async function rawUpstream(): Promise<RawUpstream> {
  const requests: RawRequest[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  let answer: (request: RawRequest) => void = () => {};
  let see: ((soFar: string, socket: Socket) => void) | null = null;
  const server: Server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    let buffer = '';
    socket.on('data', (chunk: Buffer) => {
      buffer += chunk.toString('latin1');
      for (let request = take(); request !== null; request = take()) {
        requests.push(request);
        answer(request);
      }
      if (buffer !== '') see?.(buffer, socket);
    });
    const take = (): RawRequest | null => {
      const end = buffer.indexOf('\r\n\r\n');
      if (end === -1) return null;
      const head = buffer.slice(0, end);
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
      if (buffer.length < end + 4 + length) return null;
      const body = buffer.slice(end + 4, end + 4 + length);
      buffer = buffer.slice(end + 4 + length);
      return { head, body, socket, number: requests.length + 1 };
    };
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    connections: () => connections,
    onRequest: (next) => {
      answer = next;
    },
    onPart: (next) => {
      see = next;
    },
    closeSockets: () => {
      for (const socket of sockets) socket.destroy();
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export const USAGE = { prompt_tokens: 4, completion_tokens: 3, total_tokens: 7 };

/** A well-formed answer of 7 tokens. */
export function answerJson(content = 'hi there you'): string {
  const message = { role: 'assistant', content, refusal: null };
  return JSON.stringify({
    id: 'chatcmpl-raw',
    object: 'chat.completion',
    created: 1,
    model: 'raw',
    choices: [{ index: 0, message, finish_reason: 'stop' }],
    usage: USAGE,
  });
}

export function whole(body: string, headers = ''): string {
  return `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n${headers}\r\n${body}`;
}

export const STREAM_HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n';
export const STREAM_END = '0\r\n\r\n';

/** One frame of a stream, as one chunk of the transfer coding. */
export function chunk(data: string): string {
  return `${Buffer.byteLength(data).toString(16)}\r\n${data}\r\n`;
}

export function frame(delta: object, finish: string | null = null, usage: object | null = null): string {
  const choices = usage === null ? [{ index: 0, delta, finish_reason: finish }] : [];
  return `data: ${JSON.stringify({ id: 'chatcmpl-raw', object: 'chat.completion.chunk', created: 1, model: 'raw', choices, usage })}\n\n`;
}

export const DONE = 'data: [DONE]\n\n';
