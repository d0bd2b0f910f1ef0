import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/**
 * `before`: what is found, and all after it, never reaches the server. `after`: it does, and the connection ends at once.
 * `answered`: it does, and the connection ends when the first byte of the answer is there, of which the client sees nothing.
 */
export type CutMoment = 'before' | 'after' | 'answered';

/** A wire that can be broken at will, between a client and one port of loopback. */
export type TcpProxy = {
  readonly port: number;
  readonly connections: () => number;
  /** New connections lead to this port of loopback; those that stand go on. */
  lead(targetPort: number): void;
  /** Everything flows, also what was held back by `freeze`. */
  pass(): void;
  /** New connections are reset; those that stand go on. */
  refuse(): void;
  /** Nothing flows any more in either direction, and every connection stays open; so do new ones. */
  freeze(): void;
  /** Resets what stands. */
  cut(): void;
  /** Cuts once, where a client sends these bytes (at most 64). Resolves when that has happened. */
  cutAt(bytes: string | Uint8Array, moment: CutMoment): Promise<void>;
  close(): Promise<void>;
};

const BYTES_MAX = 64;

type Trap = { readonly bytes: Buffer; readonly moment: CutMoment; readonly done: () => void };
type Wire = { readonly client: Socket; readonly server: Socket };

export async function tcpProxy(targetPort: number): Promise<TcpProxy> {
  const wires = new Set<Wire>();
  let target = targetPort;
  let mode: 'pass' | 'refuse' | 'freeze' = 'pass';
  let trap: Trap | null = null;
  const takeTrap = (): Trap | null => {
    const taken = trap;
    trap = null;
    return taken;
  };
  const listener = createServer((client) => {
    if (mode === 'refuse') {
      client.resetAndDestroy();
      return;
    }
    const wire = { client, server: connect(target, '127.0.0.1') };
    wires.add(wire);
    join(wire, { trap: () => trap, takeTrap, frozen: () => mode === 'freeze' });
    for (const socket of [client, wire.server]) socket.once('close', () => wires.delete(wire));
    if (mode === 'freeze') hold(wire);
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  return {
    port: (listener.address() as AddressInfo).port,
    connections: () => wires.size,
    lead: (port) => {
      target = port;
    },
    pass: () => {
      mode = 'pass';
      for (const { client, server } of wires) {
        client.resume();
        server.resume();
      }
    },
    refuse: () => {
      mode = 'refuse';
    },
    freeze: () => {
      mode = 'freeze';
      wires.forEach(hold);
    },
    cut: () => wires.forEach(end),
    cutAt: (bytes, moment) =>
      new Promise((done) => {
        trap = { bytes: Buffer.from(bytes), moment, done };
      }),
    close: async () => {
      const closed = new Promise((resolve) => listener.close(resolve));
      wires.forEach(end);
      await closed;
    },
  };
}

function hold({ client, server }: Wire): void {
  client.pause();
  server.pause();
}

/** The client's end is reset. The server's is ended in order: a reset would throw away what it has not read yet. */
function end({ client, server }: Wire): void {
  client.resetAndDestroy();
  server.destroySoon();
}

type Will = { readonly trap: () => Trap | null; readonly takeTrap: () => Trap | null; readonly frozen: () => boolean };

function join(wire: Wire, will: Will): void {
  const { client, server } = wire;
  let sprung: Trap | null = null;
  // The end of what was passed on, for bytes that come in two pieces.
  let tail: Buffer = Buffer.alloc(0);
  const finish = (done: () => void) => {
    end(wire);
    done();
  };
  client.on('data', (chunk: Buffer) => {
    if (sprung !== null && sprung.moment !== 'answered') return;
    const trap = will.trap();
    const seen = Buffer.concat([tail, chunk]);
    const old = tail.length;
    // Only what ends in this chunk: the rest had passed before the trap was set.
    const at = trap === null ? -1 : seen.indexOf(trap.bytes, Math.max(0, old - trap.bytes.length + 1));
    tail = Buffer.from(seen.subarray(-BYTES_MAX));
    if (trap === null || at === -1) {
      flow(chunk, client, server, will);
      return;
    }
    sprung = will.takeTrap();
    if (trap.moment === 'before') server.write(chunk.subarray(0, Math.max(0, at - old)));
    else flow(chunk, client, server, will);
    if (trap.moment !== 'answered') finish(trap.done);
  });
  server.on('data', (chunk: Buffer) => {
    if (sprung !== null) finish(sprung.done);
    else flow(chunk, server, client, will);
  });
  for (const [from, to] of [
    [client, server],
    [server, client],
  ] as const) {
    from.on('end', () => to.end());
    from.on('error', () => to.destroy());
  }
}

function flow(chunk: Buffer, from: Socket, to: Socket, will: Will): void {
  if (to.write(chunk)) return;
  from.pause();
  to.once('drain', () => {
    if (!will.frozen()) from.resume();
  });
}
