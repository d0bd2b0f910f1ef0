import { Socket } from 'node:net';
import { hashFast } from '#ground/keccak';
import { guardMemory } from '../memory-guard.ts';
import { Worker } from './worker.ts';

// A worker is started by the daemon, never by hand: file descriptor 4 is its wire, and its connections come over the channel of `fork`.

const WIRE_FD = 4;
/** What arrives is read into this and zeroed: of the runtime's own buffers some would keep what they held. */
const READ_BYTES = 65_536;

function fail(): never {
  process.exit(1);
}

process.on('uncaughtException', fail);
process.on('unhandledRejection', fail);
// A terminal's Ctrl-C, and a service manager's stop, reach the whole group: the daemon says when to end.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
process.once('disconnect', fail);
guardMemory();
await hashFast();

const stream = new Socket({
  fd: WIRE_FD,
  readable: true,
  writable: true,
  onread: {
    buffer: Buffer.allocUnsafeSlow(READ_BYTES),
    callback: (length, buffer) => {
      worker.wire.receive((buffer as Buffer).subarray(0, length));
      return true;
    },
  },
});

const worker = new Worker(stream, {
  onConnection: (listener) => void process.on('message', (_message, socket) => listener(socket instanceof Socket ? socket : undefined)),
  exit: (code) => process.exit(code),
});
