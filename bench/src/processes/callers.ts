import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerAsks } from '../house/ask.ts';
import { dropSocket, openSocket } from '../house/socket.ts';
import { type Latency, latencyOf } from '../house/stats.ts';
import { requestBytes } from '../house/wire.ts';
import { CalledStream, type Tally } from '../streams/called-stream.ts';
import type { CallerAsk, Drained, Rushed, StreamRequest, Watched } from '../streams/caller-asks.ts';
import { nowUs } from '../streams/marks.ts';

/** The callers of streams: many that are held open, one that probes, a few in a rush. */

/** Held streams begin in groups: a thousand requests at one instant would measure a queue. */
const GROUP = 32;
/** Between two probes, so that what the last one leaves for later is not measured with the next. */
const PROBE_GAP_MS = 5;

const tally: Tally = { frames: 0, times: null };
const held = new Map<CalledStream, Socket>();
let fault: unknown = null;

async function hold(request: StreamRequest, upTo: number): Promise<void> {
  while (held.size < upTo) {
    const streams = Array.from({ length: Math.min(GROUP, upTo - held.size) }, () => beginHeld(request));
    await Promise.all(streams);
  }
  check();
}

async function beginHeld(request: StreamRequest): Promise<void> {
  const socket = await openSocket(request.url);
  const stream = begin(socket, request);
  held.set(stream, socket);
  stream.whole.catch((error: unknown) => {
    fault ??= error;
  });
  await stream.first;
}

function begin(socket: Socket, { url, headers, body, end }: StreamRequest): CalledStream {
  return new CalledStream(socket, requestBytes(url, headers, body), end, tally);
}

/** A held stream that broke is nobody's to wait for until then. */
function check(): void {
  if (fault !== null) throw fault;
}

async function watch(ms: number): Promise<Watched> {
  const times: number[] = [];
  tally.times = times;
  await sleep(ms);
  tally.times = null;
  check();
  return { frames: times.length, latency: times.length === 0 ? null : latencyOf(times.map((us) => us / 1000)) };
}

/** @returns the time to the first frame. */
async function probe(request: StreamRequest, count: number): Promise<Latency> {
  const socket = await openSocket(request.url);
  const firsts: number[] = [];
  try {
    for (let number = 0; number < count; number += 1) {
      const startedAt = nowUs();
      const stream = begin(socket, request);
      stream.whole.catch(() => {});
      firsts.push(((await stream.first) - startedAt) / 1000);
      await stream.whole;
      await sleep(PROBE_GAP_MS);
    }
  } finally {
    dropSocket(socket);
  }
  check();
  return latencyOf(firsts);
}

async function rush(request: StreamRequest, streams: number): Promise<Rushed> {
  const sockets = await Promise.all(Array.from({ length: streams }, () => openSocket(request.url)));
  const before = tally.frames;
  const startedAt = nowUs();
  await Promise.all(sockets.map((socket) => begin(socket, request).whole));
  const elapsedMs = (nowUs() - startedAt) / 1000;
  for (const socket of sockets) dropSocket(socket);
  return { frames: tally.frames - before, elapsedMs };
}

async function drain(): Promise<Drained> {
  await Promise.all([...held.keys()].map(({ whole }) => whole));
  for (const socket of held.values()) dropSocket(socket);
  held.clear();
  return { frames: tally.frames };
}

answerAsks((asked: CallerAsk) => {
  if (asked.do === 'hold') return hold(asked.request, asked.upTo);
  if (asked.do === 'watch') return watch(asked.ms);
  if (asked.do === 'probe') return probe(asked.request, asked.count);
  if (asked.do === 'rush') return rush(asked.request, asked.streams);
  return drain();
});
process.send?.({ port: 0 });
