import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { type buildConnector, Pool } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import { CarriedSecret, SecretWriter } from './upstream-secret.ts';

type Sent = { readonly headers: readonly string[]; readonly body: string };

const SECRET = 'sk-test.0123456789:abc!~';
let server: Server | undefined;
let pool: Pool | undefined;

afterEach(async () => {
  await pool?.destroy();
  server?.closeAllConnections();
  await new Promise((resolve) => (server === undefined ? resolve(null) : server.close(resolve)));
});

/** An upstream that says what it was sent, and a way to send it something. */
async function exchange(writer: SecretWriter, tls?: { readonly cert: Buffer; readonly key: Buffer }) {
  const told = (req: { rawHeaders: string[] }, body: string) => JSON.stringify({ headers: req.rawHeaders, body });
  server = (tls === undefined ? createServer() : createTlsServer(tls)) as Server;
  server.on('request', async (req, res) => res.end(told(req, Buffer.concat(await req.toArray()).toString())));
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const origin = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const options: buildConnector.BuildOptions = { allowH2: false, ...(tls === undefined ? {} : { ca: tls.cert }) };
  const to = new Pool(origin, { connect: writer.connector(options), connections: 1 });
  pool = to;
  return async (headers: string[], body: string, path = '/'): Promise<Sent> => {
    const answer = await to.request({ method: 'POST', path, headers, body: Buffer.from(body) });
    return (await answer.body.json()) as Sent;
  };
}

const headerOf = ({ headers }: Sent, name: string) => headers[headers.indexOf(name) + 1];

describe('a secret that is put in as a request is written', () => {
  it('arrives in its place, and only there, whatever else the request has', async () => {
    const writer = new SecretWriter();
    const send = await exchange(writer);
    const visible = fc.stringMatching(/^[\x21-\x7e]{1,80}$/);
    const faked = fc.stringMatching(/^stand-in-[0-9a-f]{32}$/);
    await fc.assert(
      fc.asyncProperty(visible, fc.oneof(visible, faked), fc.string(), async (secret, other, body) => {
        const carried = new CarriedSecret(Buffer.from(secret));
        writer.expect(carried);
        const sent = await send(
          ['x-before', other, 'authorization', `Bearer ${carried.standIn}`, 'x-after', other],
          body,
          `/${encodeURIComponent(other)}`,
        );
        expect([headerOf(sent, 'x-before'), headerOf(sent, 'x-after'), sent.body]).toEqual([other, other, Buffer.from(body).toString()]);
        expect(headerOf(sent, 'authorization')).toBe(`Bearer ${secret}`);
      }),
      { numRuns: 50 },
    );
  });

  it('is a copy that does not follow what it was made of, and is gone when it is wiped', () => {
    const given = Buffer.from(SECRET);
    const carried = new CarriedSecret(given);
    given.fill(0);
    expect(carried.bytes.toString()).toBe(SECRET);
    expect(carried.bytes.buffer.byteLength).toBe(SECRET.length);
    carried.wipe();
    expect(carried.bytes).toEqual(Buffer.alloc(SECRET.length));
  });

  it('that is not expected any more lets nothing be written', async () => {
    const writer = new SecretWriter();
    const send = await exchange(writer);
    const arrived: string[] = [];
    server?.prependListener('request', ({ url }) => arrived.push(String(url)));
    const carried = new CarriedSecret(Buffer.from(SECRET));
    writer.expect(carried);
    writer.forget(carried);
    await expect(send(['authorization', carried.standIn], '{}')).rejects.toMatchObject({ code: 'INTERNAL' });
    expect(arrived).toEqual([]);
  });

  it('arrives over TLS as well', async (context) => {
    const writer = new SecretWriter();
    const send = await exchange(writer, certificate() ?? context.skip('there is no openssl here to make a certificate with'));
    for (const secret of [SECRET, 'x'.repeat(4096)]) {
      const carried = new CarriedSecret(Buffer.from(secret));
      writer.expect(carried);
      expect(headerOf(await send(['x-api-key', carried.standIn], '{"a":1}'), 'x-api-key')).toBe(secret);
    }
  });
});

function certificate(): { readonly cert: Buffer; readonly key: Buffer } | null {
  const folder = mkdtempSync(join(tmpdir(), 'tally-tls-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const how = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
  try {
    execFileSync('openssl', ['req', '-x509', '-nodes', ...how, '-keyout', key, '-out', cert], { stdio: 'pipe' });
    return { cert: readFileSync(cert), key: readFileSync(key) };
  } catch {
    return null;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
