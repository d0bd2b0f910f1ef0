import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { ApiError } from './errors.ts';
import { labels, sendError } from './http.ts';
import type { Behaviour, SandboxModel } from './models.ts';
import type { Wire } from './wire.ts';

/** How long a call that is never answered is kept, ms. */
const HANG_MS_MAX = 600_000;
const SLOW_FIRST_MS = 300;
const SLOW_FRAME_MS = 20;
/** What `sandbox-huge` adds to its first frame, bytes. */
const HUGE_BYTES = 64 * 1024 * 1024;
const ODD_SIZES = [1, 2, 3, 5, 7, 1, 4];
/** Frames written before other calls get a turn. */
const FRAMES_PER_TURN = 64;

/** @throws ApiError for the models that refuse before they generate */
export function refuseByName(model: SandboxModel, key: string): void {
  if (model.behaviour === 'refuse') {
    throw new ApiError(400, 'Sandbox: this model refuses every request.', { param: 'model', code: 'sandbox_refused' });
  }
  if (model.behaviour === 'refuse-rate') {
    const message = `Sandbox: rate limit reached for ${model.id} on requests per min (RPM): Limit 1, Used 1, Requested 1. Please try again in 1s.`;
    const headers = {
      'retry-after': '1',
      'x-ratelimit-limit-requests': '1',
      'x-ratelimit-remaining-requests': '0',
      'x-ratelimit-reset-requests': '1s',
    };
    throw new ApiError(429, message, { type: 'requests', code: 'rate_limit_exceeded', headers });
  }
  if (model.behaviour === 'refuse-auth') {
    // The real message masks the middle of the key only; whoever relays it leaks the ends.
    const shown = `${key.slice(0, 8)}${'*'.repeat(Math.max(0, key.length - 12))}${key.slice(-4)}`;
    throw new ApiError(401, `Sandbox: incorrect API key provided: ${shown}.`, { code: 'invalid_api_key' });
  }
}

/** Sends an answer that is already billed, in the manner of its model. Never throws for a caller that has left. */
export async function deliver(res: ServerResponse, wire: Wire, behaviour: Behaviour): Promise<void> {
  const special = MANNERS[behaviour];
  return special === undefined ? sendWire(res, wire) : special(res, wire);
}

type Manner = (res: ServerResponse, wire: Wire) => void | Promise<void>;

const MANNERS: Partial<Record<Behaviour, Manner>> = {
  slow: async (res, wire) => {
    await sleep(SLOW_FIRST_MS);
    await sendWire(res, wire, SLOW_FRAME_MS);
  },
  'slow-bytes': slowBytes,
  reset: (res) => void res.socket?.resetAndDestroy(),
  hang: (res) => hang(res),
  cut: async (res, wire) => {
    await sendHalf(res, wire);
    res.socket?.destroy();
  },
  stall: async (res, wire) => {
    await sendHalf(res, wire);
    hang(res);
  },
  error: (res) => {
    const message = 'Sandbox: the server had an error while processing your request.';
    sendError(res, new ApiError(500, message, { type: 'server_error' }));
  },
  endless: async (res, wire) => {
    begin(res, wire);
    await writeAll(res, wire.frames);
    res.socket?.destroy();
  },
  twice: (res, wire) => (wire.stream ? twiceClosed(res, wire) : twiceAnswered(res, wire)),
  garbage: async (res, wire) => {
    begin(res, wire);
    const junk = wire.stream
      ? ['data: {"id": "chatcmpl-\n\n', ':::\n\n', 'data\n\n', 'event: \u0000\ndata: [[[\n\n', '\uFFFD{}\r\r\n']
      : ['{"id": "chatcmpl-1", "choices": [{'];
    await writeAll(res, junk);
    res.end();
  },
  html: (res) => {
    const page = '<!doctype html><html><head><title>Sandbox</title></head><body><h1>Sandbox gateway page</h1></body></html>\n';
    res.writeHead(200, { 'content-type': 'text/html; charset=utf-8', ...labels() }).end(page);
  },
  huge: async (res, wire) => {
    begin(res, wire);
    await writeAll(res, hugeFrames(wire.frames));
    res.end();
  },
};

function headers(wire: Wire): Record<string, string> {
  if (!wire.stream) return { 'content-type': 'application/json', ...labels() };
  return { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache', ...labels() };
}

function begin(res: ServerResponse, wire: Wire, more: Record<string, string> = {}): void {
  if (!res.destroyed) res.writeHead(200, { ...headers(wire), ...more });
}

async function sendWire(res: ServerResponse, wire: Wire, pauseMs = 0): Promise<void> {
  if (!wire.stream) {
    const body = [...wire.frames].join('');
    begin(res, wire, { 'content-length': `${Buffer.byteLength(body)}` });
    res.end(body);
    return;
  }
  begin(res, wire);
  await writeAll(res, wire.frames, pauseMs);
  res.end();
}

/** Writes part by part and waits for a slow reader; ends early when the caller has left. */
async function writeAll(res: ServerResponse, parts: Iterable<string | Uint8Array>, pauseMs = 0): Promise<void> {
  let written = 0;
  for (const part of parts) {
    if (res.destroyed) return;
    if (!res.write(part)) await drained(res);
    written += 1;
    if (pauseMs > 0) await sleep(pauseMs);
    else if (written % FRAMES_PER_TURN === 0) await turn();
  }
}

function drained(res: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      res.off('drain', go).off('close', go);
      resolve();
    };
    res.on('drain', go).on('close', go);
    if (res.destroyed) go();
  });
}

function hang(res: ServerResponse): void {
  const timer = setTimeout(() => res.socket?.destroy(), HANG_MS_MAX);
  timer.unref();
  res.once('close', () => clearTimeout(timer));
}

/** Half of the frames or of the JSON text, gone to the socket when this returns. */
async function sendHalf(res: ServerResponse, wire: Wire): Promise<void> {
  const frames = [...wire.frames];
  const body = frames.join('');
  const half = wire.stream ? frames.slice(0, Math.ceil(frames.length / 2)).join('') : body.slice(0, body.length / 2);
  begin(res, wire, wire.stream ? {} : { 'content-length': `${Buffer.byteLength(body)}` });
  await new Promise<void>((resolve) => {
    res.once('close', resolve);
    res.write(half, () => resolve());
  });
}

async function slowBytes(res: ServerResponse, wire: Wire): Promise<void> {
  const bytes = Buffer.from([...wire.frames].join(''));
  begin(res, wire);
  let at = 0;
  for (let round = 0; at < bytes.length && !res.destroyed; round += 1) {
    const size = ODD_SIZES[round % ODD_SIZES.length] as number;
    // A turn between two writes makes them two segments: the server sends without delay.
    if (!res.write(bytes.subarray(at, at + size))) await drained(res);
    at += size;
    await turn();
  }
  res.end();
}

async function twiceClosed(res: ServerResponse, wire: Wire): Promise<void> {
  const frames = [...wire.frames];
  begin(res, wire);
  await writeAll(res, [...frames, ...frames.slice(-wire.closing)]);
  res.end();
}

/** A second, unasked answer on the socket: a client that pairs answers by order gives it to the next request. */
function twiceAnswered(res: ServerResponse, wire: Wire): void {
  const socket: Socket | null = res.socket;
  const body = [...wire.frames].join('');
  const fields = { ...headers(wire), 'content-length': `${Buffer.byteLength(body)}` };
  const head = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  res.once('finish', () => socket?.write(`HTTP/1.1 200 OK\r\n${head.join('')}\r\n${body}`));
  res.writeHead(200, fields).end(body);
}

function* hugeFrames(frames: Iterable<string>): Generator<string> {
  const filler = 'sandbox '.repeat(8_192);
  let first = true;
  for (const frame of frames) {
    const brace = frame.indexOf('{') + 1;
    if (!first || brace === 0) {
      yield frame;
      continue;
    }
    first = false;
    yield `${frame.slice(0, brace)}"sandbox_filler":"`;
    for (let bytes = 0; bytes < HUGE_BYTES; bytes += filler.length) yield filler;
    yield `",${frame.slice(brace)}`;
  }
}
