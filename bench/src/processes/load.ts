import { connect, type Socket } from 'node:net';
import type { LoadJob, LoadResult } from '../overhead/load.ts';
import { ANSWER_ID } from '../overhead/payload.ts';
import { percentile } from '../overhead/stats.ts';
import { readAnswer, requestBytes } from '../overhead/wire.ts';

/**
 * The load generator: a fixed number of kept connections, each sending its next request when the last one is answered (a closed loop).
 * Connections are made before the clock starts. Every latency is kept, so percentiles are exact. Plain sockets, because on a small machine
 * a heavy client would take the processor from what it measures.
 */
const NONE = Buffer.alloc(0);

type Run = { readonly job: LoadJob; readonly request: Buffer; readonly latencies: Float64Array; started: number; ended: number };

function open(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true }, () => resolve(socket));
    socket.once('error', reject);
  });
}

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
        if (answer.status !== 200 || !answer.body.includes(ANSWER_ID)) {
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
  const sockets = await Promise.all(Array.from({ length: job.connections }, () => open(job.url)));
  try {
    const startedAt = performance.now();
    await Promise.all(sockets.map((socket) => drive(socket, run)));
    const elapsedMs = performance.now() - startedAt;
    const sorted = run.latencies.sort();
    return {
      requestsPerSecond: (job.requests * 1000) / elapsedMs,
      latency: { p50: percentile(sorted, 0.5), p95: percentile(sorted, 0.95), p99: percentile(sorted, 0.99) },
    };
  } finally {
    for (const socket of sockets)
      socket
        .removeAllListeners()
        .on('error', () => {})
        .destroy();
  }
}

process.on('message', (job: LoadJob) => {
  perform(job).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ error: error instanceof Error ? error.message : String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));
process.send?.({ port: 0 });
