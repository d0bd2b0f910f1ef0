/** One whole HTTP/1.1 answer. */
export type Answer = { readonly status: number; readonly body: Buffer; readonly bytes: number };

const HEAD_BYTES_MAX = 16_384;

/**
 * Reads one answer from the start of `bytes`. The load generator shares the machine with what it measures, so it reads only what it needs:
 * status, length, body.
 * @returns null while it is not whole.
 * @throws Error on what is neither of a known length nor chunked.
 */
export function readAnswer(bytes: Buffer): Answer | null {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) {
    if (bytes.length > HEAD_BYTES_MAX) throw new Error('the head of an answer is too long');
    return null;
  }
  const head = bytes.toString('latin1', 0, end + 2);
  if (!head.startsWith('HTTP/1.1 ')) throw new Error('an answer is not HTTP/1.1');
  const status = Number(head.slice(9, 12));
  const start = end + 4;
  const length = /\r\ncontent-length: *(\d+) *\r\n/i.exec(head)?.[1];
  if (length !== undefined) {
    const stop = start + Number(length);
    return bytes.length < stop ? null : { status, body: bytes.subarray(start, stop), bytes: stop };
  }
  if (!/\r\ntransfer-encoding: *chunked *\r\n/i.test(head)) throw new Error('an answer tells neither its length nor chunks');
  return readChunks(bytes, start, status);
}

function readChunks(bytes: Buffer, start: number, status: number): Answer | null {
  const parts: Buffer[] = [];
  let at = start;
  for (;;) {
    const line = bytes.indexOf('\r\n', at);
    if (line === -1) return null;
    const size = Number.parseInt(bytes.toString('latin1', at, line), 16);
    if (!(size >= 0)) throw new Error('a chunk has no size');
    const stop = line + 2 + size;
    if (bytes.length < stop + 2) return null;
    if (size === 0) return { status, body: Buffer.concat(parts), bytes: stop + 2 };
    parts.push(bytes.subarray(line + 2, stop));
    at = stop + 2;
  }
}

/** The bytes of a request, made once and sent many times. */
export function requestBytes(url: string, headers: Readonly<Record<string, string>>, body: string): Buffer {
  const { host, pathname, search } = new URL(url);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(
    `POST ${pathname}${search} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\naccept: application/json\r\n${lines.join('')}` +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
