import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from './daemon.ts';

export type Certificate = { readonly cert: Buffer; readonly key: Buffer };

/** A certificate for 127.0.0.1 that has signed itself; null where there is no openssl to make it. */
export function loopbackCertificate(): Certificate | null {
  const folder = temporaryFolder();
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
