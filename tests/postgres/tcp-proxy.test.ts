import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type TcpProxy, tcpProxy } from '../support/tcp-proxy.ts';

/** Answers every chunk with `ok`, and keeps what came. */
describe('the proxy that breaks a wire', () => {
  let server: Server;
  let proxy: TcpProxy;
  let received: string;
  let ended: string[];

  beforeEach(async () => {
    received = '';
    ended = [];
    server = createServer((socket) => {
      socket.on('data', (chunk) => {
        received += chunk.toString();
        socket.write('ok');
      });
      socket.on('end', () => ended.push('end'));
      socket.on('error', () => ended.push('reset'));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    proxy = await tcpProxy((server.address() as AddressInfo).port);
  });
  afterEach(async () => {
    await proxy.close();
    await new Promise((resolve) => server.close(resolve));
  });

  async function client(): Promise<{ socket: Socket; seen: () => string; gone: Promise<unknown> }> {
    const socket = connect(proxy.port, '127.0.0.1');
    let seen = '';
    socket.on('data', (chunk) => {
      seen += chunk.toString();
    });
    const gone = new Promise((resolve) => socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code)));
    await once(socket, 'connect');
    return { socket, seen: () => seen, gone };
  }
  async function until(condition: () => boolean): Promise<void> {
    for (let tries = 0; !condition(); tries += 1) {
      expect(tries).toBeLessThan(200);
      await sleep(5);
    }
  }

  it('passes both ways', async () => {
    const { socket, seen } = await client();
    socket.write('a');
    await until(() => seen() === 'ok');
    expect(received).toBe('a');
    expect(proxy.connections()).toBe(1);
    socket.end();
    await until(() => ended.length === 1);
    expect(ended).toEqual(['end']);
  });

  it('refuses new connections and leaves the old', async () => {
    const { socket, seen } = await client();
    proxy.refuse();
    const other = connect(proxy.port, '127.0.0.1');
    expect((await once(other, 'error'))[0]).toMatchObject({ code: 'ECONNRESET' });
    socket.write('a');
    await until(() => seen() === 'ok');
  });

  it('freezes and thaws, losing nothing', async () => {
    const { socket, seen } = await client();
    proxy.freeze();
    const late = await client();
    socket.write('a');
    late.socket.write('b');
    await sleep(50);
    expect([received, seen()]).toEqual(['', '']);
    proxy.pass();
    await until(() => seen() === 'ok' && late.seen() === 'ok');
    expect([...received].sort()).toEqual(['a', 'b']);
  });

  it('resets all at once', async () => {
    const [one, two] = [await client(), await client()];
    proxy.cut();
    expect(await Promise.all([one.gone, two.gone])).toEqual(['ECONNRESET', 'ECONNRESET']);
    await until(() => ended.length === 2);
    expect(ended).toEqual(['end', 'end']);
  });

  it.each([
    ['before', '12'],
    ['after', '12COMMIT3'],
    ['answered', '12COMMIT3'],
  ] as const)('cuts %s certain bytes are passed on', async (moment, arrived) => {
    const { socket, seen, gone } = await client();
    const cut = proxy.cutAt('COMMIT', moment);
    socket.write('12COMMIT3');
    await cut;
    expect(await gone).toBe('ECONNRESET');
    await until(() => ended.length === 1);
    expect([received, seen(), ended]).toEqual([arrived, '', ['end']]);
  });

  it('finds bytes that come in two pieces, and not those that passed before', async () => {
    const { socket, seen, gone } = await client();
    socket.write('COMMIT COM');
    await until(() => seen() === 'ok');
    const cut = proxy.cutAt('COMMIT', 'before');
    socket.write('MA COM');
    await until(() => seen() === 'okok');
    socket.write('MIT');
    await cut;
    await gone;
    await until(() => ended.length === 1);
    expect(received).toBe('COMMIT COMMA COM');
  });
});
