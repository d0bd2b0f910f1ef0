/**
 * `npm run lock`: completes package-lock.json with the optional packages of other platforms.
 *
 * A registry that carries only some platforms drops the rest from the lock file, and `npm ci` then refuses the lock as out of
 * step with package.json. Their versions are known (the parent pins them), and their platform stands in their name.
 * Such an entry has no integrity hash until `npm install` runs on a registry that carries the package.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const PATH = fileURLToPath(new URL('../package-lock.json', import.meta.url));
const PLATFORM = /(android|darwin|freebsd|linux|netbsd|openbsd|openharmony|sunos|aix|win32)/;
const CPU = /(arm64|aarch64|arm(?=-|eabi)|x64|ia32|ppc64|s390x|riscv64|loong64|mips64el|wasm32)/;

type Entry = {
  version?: string;
  dev?: boolean;
  optional?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  optionalDependencies?: Record<string, string>;
};
export type Lock = { packages: Record<string, Entry> };

/** The optional packages that the lock file's own entries ask for and that it does not hold, by their place in node_modules. */
export function missingOptionals(lock: Lock): Map<string, Entry> {
  const missing = new Map<string, Entry>();
  for (const [place, parent] of Object.entries(lock.packages)) {
    for (const [name, range] of Object.entries(parent.optionalDependencies ?? {})) {
      const known = `${place}/node_modules/${name}` in lock.packages || `node_modules/${name}` in lock.packages;
      if (!known) missing.set(`node_modules/${name}`, platformEntry(name, range, parent.dev === true));
    }
  }
  return missing;
}

function platformEntry(name: string, range: string, dev: boolean): Entry {
  const tail = name.slice(name.lastIndexOf('/') + 1);
  const [os, cpu] = [PLATFORM.exec(tail)?.[1], CPU.exec(tail)?.[1]];
  const libc = os !== 'linux' ? undefined : /musl/.test(tail) ? 'musl' : /gnu/.test(tail) ? 'glibc' : undefined;
  return {
    version: range.replace(/^[~^]/, ''),
    ...(cpu && { cpu: [cpu === 'aarch64' ? 'arm64' : cpu] }),
    ...(dev && { dev }),
    ...(libc && { libc: [libc] }),
    optional: true,
    ...((os ?? (name === 'fsevents' ? 'darwin' : undefined)) && { os: [os ?? 'darwin'] }),
  };
}

export function completed(lock: Lock): Lock {
  const packages = { ...lock.packages, ...Object.fromEntries(missingOptionals(lock)) };
  const sorted = Object.entries(packages).sort(([a], [b]) => a.localeCompare(b, 'en'));
  return { ...lock, packages: Object.fromEntries(sorted) };
}

if (import.meta.main) {
  const lock = JSON.parse(readFileSync(PATH, 'utf8')) as Lock;
  const missing = missingOptionals(lock);
  if (missing.size > 0) writeFileSync(PATH, `${JSON.stringify(completed(lock), null, 2)}\n`);
  console.log(`package-lock.json: ${missing.size} optional packages added`);
}
