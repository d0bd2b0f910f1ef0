import type { Socket } from 'node:net';
import { answerAsks } from '../house/ask.ts';
import { dropSocket, openSocket } from '../house/socket.ts';
import { latencyOf } from '../house/stats.ts';
import { readAnswer, requestBytes } from '../house/wire.ts';
import type { LoadJob, LoadResult } from '../overhead/load.ts';

/**
 * The load generator: a fixed number of kept connections, each sending its next request when the last one is answered (a closed loop).
 * Connections are made before the clock starts. Every latency is kept, so percentiles are exact.
 */
const NONE = Buffer.alloc(0);

type Run = { readonly job: LoadJob; readonly request: Buffer; readonly latencies: Float64Array; started: number; ended: number };

/** Sends on one connection until all of the run's requests are taken. */
function drive(socket: Socket, run: Run): Promise<void> {
  return new Promise((resolve, reject) => {
    let waiting: Buffer = NONE;
    let sentAt = 0;
    const next = () => {
      if (run.started === run.job.requests) {
        resolve();
        return;
      }
      run.started += 1;
      sentAt = performance.now();
      socket.write(run.request);
    };
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('a connection was closed under load')));
    socket.on('data', (chunk) => {
      try {
        const bytes = waiting.length === 0 ? chunk : Buffer.concat([waiting, chunk]);
        const answer = readAnswer(bytes);
        if (answer === null) {
          waiting = bytes;
          return;
        }
        const took = performance.now() - sentAt;
        if (answer.status !== 200 || !answer.body.includes(run.job.expected)) {
          throw new Error(`an answer was not the upstream's: ${answer.status} ${answer.body.toString('utf8', 0, 300)}`);
        }
        waiting = bytes.subarray(answer.bytes);
        run.latencies[run.ended] = took;
        run.ended += 1;
        next();
      } catch (error) {
        reject(error);
      }
    });
    next();
  });
}

async function perform(job: LoadJob): Promise<LoadResult> {
  const request = requestBytes(job.url, job.headers, job.body);
  const run: Run = { job, request, latencies: new Float64Array(job.requests), started: 0, ended: 0 };
  const sockets = await Promise.all(Array.from({ length: job.connections }, () => openSocket(job.url)));
  try {
    const startedAt = performance.now();
    await Promise.all(sockets.map((socket) => drive(socket, run)));
    const elapsedMs = performance.now() - startedAt;
    return { requestsPerSecond: (job.requests * 1000) / elapsedMs, latency: latencyOf(run.latencies) };
  } finally {
    for (const socket of sockets) dropSocket(socket);
  }
}

answerAsks(perform);
process.send?.({ port: 0 });
