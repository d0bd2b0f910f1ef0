import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import type { Voice } from './dialect.ts';
import { labels, newRequestId, sendError } from './http.ts';
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
export function refuseByName(model: SandboxModel, key: string, { errors }: Voice): void {
  if (model.behaviour === 'refuse') throw errors.refused();
  if (model.behaviour === 'refuse-rate') throw errors.rateLimited(model);
  // Real messages mask the middle of the key only; whoever relays one leaks the ends.
  if (model.behaviour === 'refuse-auth')
    throw errors.wrongKey(`${key.slice(0, 8)}${'*'.repeat(Math.max(0, key.length - 12))}${key.slice(-4)}`);
}

/** An answer that is already billed. */
export type Delivery = {
  readonly voice: Voice;
  readonly wire: Wire;
  /** The request's text, for the faults that go by a word in it. */
  readonly words: () => string;
};

/** Sends an answer that is already billed, in the manner of its model. Never throws for a caller that has left. */
export async function deliver(res: ServerResponse, delivery: Delivery, behaviour: Behaviour): Promise<void> {
  const special = MANNERS[behaviour];
  return special === undefined ? sendWire(res, delivery) : special(res, delivery);
}

type Manner = (res: ServerResponse, delivery: Delivery) => void | Promise<void>;

const MANNERS: Partial<Record<Behaviour, Manner>> = {
  slow: async (res, delivery) => {
    await sleep(SLOW_FIRST_MS);
    await sendWire(res, delivery, SLOW_FRAME_MS);
  },
  'slow-bytes': slowBytes,
  reset: (res) => void res.socket?.resetAndDestroy(),
  hang: (res) => hang(res),
  cut: async (res, delivery) => {
    await sendHalf(res, delivery);
    res.socket?.destroy();
  },
  stall: async (res, delivery) => {
    await sendHalf(res, delivery);
    hang(res);
  },
  error: fail,
  endless: async (res, delivery) => {
    begin(res, delivery);
    await writeAll(res, delivery.wire.frames);
    res.socket?.destroy();
  },
  twice: (res, delivery) => (delivery.wire.stream ? twiceClosed(res, delivery) : twiceAnswered(res, delivery)),
  garbage: async (res, delivery) => {
    const { stream, json } = delivery.voice.junk;
    begin(res, delivery);
    await writeAll(res, delivery.wire.stream ? stream : [json]);
    res.end();
  },
  html: (res, { voice }) => {
    const page = '<!doctype html><html><head><title>Sandbox</title></head><body><h1>Sandbox gateway page</h1></body></html>\n';
    res.writeHead(200, { 'content-type': 'text/html; charset=utf-8', ...labels(voice) }).end(page);
  },
  huge: async (res, delivery) => {
    begin(res, delivery);
    await writeAll(res, hugeFrames(delivery.wire.frames));
    res.end();
  },
};

function headers({ voice, wire }: Delivery): Record<string, string> {
  if (!wire.stream) return { 'content-type': 'application/json', ...labels(voice) };
  return { 'content-type': wire.contentType ?? 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache', ...labels(voice) };
}

function begin(res: ServerResponse, delivery: Delivery, more: Record<string, string> = {}): void {
  if (!res.destroyed) res.writeHead(200, { ...headers(delivery), ...more });
}

async function sendWire(res: ServerResponse, delivery: Delivery, pauseMs = 0): Promise<void> {
  const { wire } = delivery;
  if (!wire.stream) {
    const body = [...wire.frames].join('');
    begin(res, delivery, { 'content-length': `${Buffer.byteLength(body)}` });
    res.end(body);
    return;
  }
  begin(res, delivery);
  await writeAll(res, wire.frames, pauseMs);
  res.end();
}

/** A failure of the server's own; in the middle of a stream where the dialect has a frame for it. */
async function fail(res: ServerResponse, delivery: Delivery): Promise<void> {
  const { voice, wire, words } = delivery;
  const error = voice.errors.failed(words().includes('overloaded'));
  if (!wire.stream || voice.errorFrame === null) return sendError(res, voice, error);
  begin(res, delivery);
  await writeAll(res, [...half(wire), voice.errorFrame(error, newRequestId())]);
  res.end();
}

/** The first half of a stream's frames. */
function half(wire: Wire): string[] {
  const frames = [...wire.frames];
  return frames.slice(0, Math.ceil(frames.length / 2));
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
async function sendHalf(res: ServerResponse, delivery: Delivery): Promise<void> {
  const { wire } = delivery;
  let part: string;
  if (wire.stream) {
    part = half(wire).join('');
    begin(res, delivery);
  } else {
    const body = [...wire.frames].join('');
    part = body.slice(0, body.length / 2);
    begin(res, delivery, { 'content-length': `${Buffer.byteLength(body)}` });
  }
  await new Promise<void>((resolve) => {
    res.once('close', resolve);
    res.write(part, () => resolve());
  });
}

async function slowBytes(res: ServerResponse, delivery: Delivery): Promise<void> {
  const bytes = Buffer.from([...delivery.wire.frames].join(''));
  begin(res, delivery);
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

async function twiceClosed(res: ServerResponse, delivery: Delivery): Promise<void> {
  const frames = [...delivery.wire.frames];
  begin(res, delivery);
  await writeAll(res, [...frames, ...frames.slice(-delivery.wire.closing)]);
  res.end();
}

/** A second, unasked answer on the socket: a client that pairs answers by order gives it to the next request. */
function twiceAnswered(res: ServerResponse, delivery: Delivery): void {
  const socket: Socket | null = res.socket;
  const body = [...delivery.wire.frames].join('');
  const fields = { ...headers(delivery), 'content-length': `${Buffer.byteLength(body)}` };
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
