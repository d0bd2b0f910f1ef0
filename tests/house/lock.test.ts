import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { completed, type Lock, missingOptionals } from '../../scripts/lock.ts';
import { ROOT } from './tree.ts';

const read = (path: string) => JSON.parse(readFileSync(join(ROOT, path), 'utf8'));

describe('package-lock.json', () => {
  it('holds the optional packages of every platform (else: npm run lock)', () => {
    expect([...missingOptionals(read('package-lock.json') as Lock).keys()]).toEqual([]);
  });

  it('is seen when it does not, and completed', () => {
    const lock: Lock = {
      packages: { 'node_modules/a': { dev: true, optionalDependencies: { '@a/linux-arm64-musl': '1.2.3', '@a/darwin-x64': '1.2.3' } } },
    };
    expect([...missingOptionals(lock).values()]).toEqual([
      { version: '1.2.3', cpu: ['arm64'], dev: true, libc: ['musl'], optional: true, os: ['linux'] },
      { version: '1.2.3', cpu: ['x64'], dev: true, optional: true, os: ['darwin'] },
    ]);
    expect(missingOptionals(completed(lock)).size).toBe(0);
  });

  it('runs no install script that package.json does not name', () => {
    const named = Object.keys((read('package.json') as { allowScripts: Record<string, boolean> }).allowScripts);
    const packages = Object.entries((read('package-lock.json') as { packages: Record<string, { hasInstallScript?: boolean }> }).packages);
    const scripted = packages.filter(([, entry]) => entry.hasInstallScript).map(([place]) => place.replace(/^.*node_modules\//, ''));
    // fsevents builds on macOS only, and npm skips it elsewhere.
    expect(scripted.filter((name) => name !== 'fsevents' && !named.includes(name))).toEqual([]);
  });
});
