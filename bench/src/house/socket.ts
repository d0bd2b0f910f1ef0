import { connect, type Socket } from 'node:net';

/** A plain connection to where a URL points: on a small machine a heavy client would take the processor from what it measures. */
export function openSocket(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true }, () => {
      socket.off('error', reject);
      resolve(socket);
    });
    socket.once('error', reject);
  });
}

/** Ends a connection for which nobody is responsible any more. */
export function dropSocket(socket: Socket): void {
  socket
    .removeAllListeners()
    .on('error', () => {})
    .destroy();
}
