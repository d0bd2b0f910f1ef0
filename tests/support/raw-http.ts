import { connect } from 'node:net';

/** One answer as its bytes say it. */
export type RawAnswer = {
  readonly status: number;
  /** Names in lower case; of a repeated one the last. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

type Piece = string | Uint8Array | { readonly waitMs: number };

/**
 * Writes bytes to a socket as they are, and reads answers until the other side closes, `answers` have come, or time is up.
 * For what no HTTP client would send. `end`: closes our side after the last piece.
 */
export async function rawHttp(
  url: string,
  pieces: readonly Piece[],
  options: { readonly answers?: number; readonly end?: boolean; readonly withinMs?: number } = {},
): Promise<{ answers: RawAnswer[]; closed: boolean }> {
  const { answers: wanted = 1, end = false, withinMs = 5000 } = options;
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const received: Buffer[] = [];
  let closed = false;
  const done = new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, withinMs);
    const finish = () => {
      clearTimeout(timer);
      closed = true;
      resolve();
    };
    socket.on('data', (chunk) => {
      received.push(chunk);
      if (parseAnswers(Buffer.concat(received)).length >= wanted) {
        clearTimeout(timer);
        resolve();
      }
    });
    socket.on('close', finish);
    // A reset is one of the ways in which a gateway may end such a connection.
    socket.on('error', finish);
  });
  for (const piece of pieces) {
    if (typeof piece === 'object' && 'waitMs' in piece) await new Promise((resolve) => setTimeout(resolve, piece.waitMs));
    else if (!socket.destroyed) socket.write(piece);
  }
  if (end) socket.end();
  await done;
  socket.destroy();
  return { answers: parseAnswers(Buffer.concat(received)), closed };
}

/** Whole answers with a content length, or chunked ones; an interim answer (1xx) counts as none. */
function parseAnswers(bytes: Buffer): RawAnswer[] {
  const found: RawAnswer[] = [];
  let at = 0;
  for (;;) {
    const headEnd = bytes.indexOf('\r\n\r\n', at);
    if (headEnd < 0) return found;
    const [line = '', ...fields] = bytes.toString('latin1', at, headEnd).split('\r\n');
    const status = Number(line.split(' ')[1]);
    const headers = Object.fromEntries(
      fields.map((field) => [field.slice(0, field.indexOf(':')).toLowerCase(), field.slice(field.indexOf(':') + 1).trim()]),
    );
    const start = headEnd + 4;
    const whole =
      headers['transfer-encoding'] === 'chunked' ? chunked(bytes, start) : plain(bytes, start, Number(headers['content-length'] ?? 0));
    if (whole === null) return found;
    if (status >= 200) found.push({ status, headers, body: whole.body });
    at = whole.end;
  }
}

function plain(bytes: Buffer, start: number, length: number): { body: string; end: number } | null {
  const end = start + length;
  return bytes.length < end ? null : { body: bytes.toString('utf8', start, end), end };
}

function chunked(bytes: Buffer, start: number): { body: string; end: number } | null {
  const parts: Buffer[] = [];
  let at = start;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return null;
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    const next = lineEnd + 2 + size + 2;
    if (bytes.length < next) return null;
    if (size === 0) return { body: Buffer.concat(parts).toString(), end: next };
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = next;
  }
}
