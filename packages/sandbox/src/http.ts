import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Body } from './ask.ts';
import { isObject } from './ask.ts';
import type { Voice } from './dialect.ts';
import { ApiError } from './errors.ts';

/** Largest request body, bytes. */
export const BODY_BYTES_MAX = 32 * 1024 * 1024;
const KEY_LENGTH_MAX = 1_024;
/** Deepest nesting of a request: deeper ones would exhaust the stack of whatever walks them. */
const DEPTH_MAX = 128;

const UTF8 = new TextDecoder('utf-8', { fatal: true });

export function newRequestId(): string {
  return `req_${randomBytes(16).toString('hex')}`;
}

/** The headers of every answer; the first says that it is not from a provider. */
export function labels(voice: Voice, requestId = newRequestId()): Record<string, string> {
  return { 'x-tallystick-sandbox': '1', ...voice.headers(requestId) };
}

export function sendJson(res: ServerResponse, voice: Voice, body: string): void {
  send(res, 200, body, labels(voice));
}

export function sendError(res: ServerResponse, voice: Voice, error: ApiError): void {
  const requestId = newRequestId();
  send(res, error.status, voice.errorBody(error, requestId), { ...labels(voice, requestId), ...error.headers });
}

function send(res: ServerResponse, status: number, body: string, headers: Readonly<Record<string, string>>): void {
  if (res.headersSent || res.destroyed) return;
  res.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers });
  res.end(body);
}

/** @returns a key as any voice takes it; undefined where there is none, or none that can be one. */
export function keyIn(header: string | string[] | undefined, pattern: RegExp): string | undefined {
  if (typeof header !== 'string') return undefined;
  const key = pattern.exec(header)?.[1];
  return key === undefined || key.length > KEY_LENGTH_MAX ? undefined : key;
}

export const BEARER = /^Bearer +(\S+)$/i;
export const BARE = /^(\S+)$/;

/** @returns the JSON object in the body. @throws ApiError 400 for bad UTF-8 or JSON, 413 above {@link BODY_BYTES_MAX}, 415 when compressed */
export async function readBody(req: IncomingMessage): Promise<Body> {
  const encoding = req.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') throw refused(415, 'Compressed bodies are not taken.');
  if (Number(req.headers['content-length'] ?? 0) > BODY_BYTES_MAX) throw refused(413, `The body is over ${BODY_BYTES_MAX} bytes.`);
  const bytes = await readBytes(req);
  let parsed: unknown;
  try {
    parsed = JSON.parse(UTF8.decode(bytes));
  } catch {
    const message = 'We could not parse the JSON body of your request. (HINT: it must be valid JSON in UTF-8.)';
    throw new ApiError(400, message);
  }
  if (!isObject(parsed)) throw new ApiError(400, 'The body of your request must be a JSON object.');
  if (!within(parsed, DEPTH_MAX)) throw new ApiError(400, `The body of your request is nested deeper than ${DEPTH_MAX}.`);
  return parsed;
}

function within(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return depth > 0 && Object.values(value).every((each) => within(each, depth - 1));
}

/** By events, not by iteration: leaving an iteration early would destroy the socket before the 413 is sent. */
function readBytes(req: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let length = 0;
    req.on('data', (part: Buffer) => {
      length += part.length;
      if (length <= BODY_BYTES_MAX) return void parts.push(part);
      req.pause();
      reject(refused(413, `The body is over ${BODY_BYTES_MAX} bytes.`));
    });
    req.once('end', () => resolve(parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts)));
    req.once('error', reject);
    req.once('close', () => reject(new Error('the caller left before its request was whole')));
  });
}

/** What is left of the body is not read, so the connection cannot be used again. */
function refused(status: number, message: string): ApiError {
  return new ApiError(status, message, { headers: { connection: 'close' } });
}
