/** The storey table of the house as data. The checker, Biome's overrides and `docs/decisions/001-house-rules.md` say the same. */

/** Rooms of the server by storey; a room may enter rooms of lower storeys only, never a neighbour. `app` may enter all. */
export const STOREY_OF_ROOM: Readonly<Record<string, number>> = {
  ground: 1,
  vault: 2,
  ledger: 2,
  gateway: 3,
  pool: 3,
  jobs: 3,
  hub: 3,
  mesh: 3,
  settle: 3,
  market: 3,
  billing: 3,
  app: 4,
};

/** Workspace packages that a package may import. `server` and `cli` never meet but over HTTP or as processes. */
export const PACKAGES_OF_PACKAGE: Readonly<Record<string, readonly string[]>> = {
  core: [],
  contracts: [],
  server: ['core', 'contracts'],
  sandbox: [],
  sdk: ['core'],
  cli: ['sdk', 'core', 'contracts'],
  console: ['sdk', 'core', 'contracts'],
  provider: ['core'],
  bench: ['core'],
};

/** Doors of a package beside its index, which is what the compiler wrote: the lists of contracts and of roles, the compiler's inputs, and what finds Foundry's programs on a disk. */
export const DOORS_OF_PACKAGE: Readonly<Record<string, readonly string[]>> = {
  contracts: ['/deployables', '/foundry', '/roles', '/standard-json'],
};

/**
 * Doors whose *path* may be asked for, to start a child process: resolving is not importing.
 * `cli` starts the daemon; `cli` and the daemon's `app` start the sandbox.
 */
export const RESOLVES_OF_PACKAGE: Readonly<Record<string, readonly string[]>> = {
  cli: ['@tallystick/server/main', '@tallystick/sandbox/main'],
  server: ['@tallystick/sandbox/main'],
  bench: ['@tallystick/server/main', '@tallystick/sandbox/main'],
};

/**
 * Rooms of the server that a folder outside may enter by file: what is measured is the room, without the daemon around it.
 * The rest of the package stays outside.
 */
export const ROOMS_OF_FOLDER: Readonly<Record<string, readonly string[]>> = {
  'bench/src/ledger': ['ledger', 'ground'],
};

/** All that the pure core may import besides its own files. */
export const CORE_IMPORTS: readonly RegExp[] = [/^@noble\/(curves|hashes|ciphers)(\/|$)/, /^zod(\/|$)/, /^ox(\/|$)/];

/** What stands where: the package, and inside the server the room. Undefined for what is in no package (tests, scripts). */
export type Place = { readonly pkg: string; readonly room: string | undefined; readonly home: string };

export function placeOf(path: string): Place | undefined {
  if (path.startsWith('bench/src/')) return { pkg: 'bench', room: undefined, home: 'bench/src' };
  if (path.startsWith('contracts/')) return { pkg: 'contracts', room: undefined, home: 'contracts' };
  const [, pkg, rest] = /^packages\/([^/]+)\/src\/(.+)$/.exec(path) ?? [];
  if (pkg === undefined || rest === undefined) return undefined;
  const room = pkg === 'server' && rest.includes('/') ? rest.slice(0, rest.indexOf('/')) : undefined;
  return { pkg, room, home: room === undefined ? `packages/${pkg}/src` : `packages/${pkg}/src/${room}` };
}

/** A throw-away server of PostgreSQL: what is measured on it is started as the tests start it. */
const THROW_AWAY_SERVER = /^tests\/support\/postgres-(binaries|cluster)\.ts$/;

/** Whether a file outside the server may import this file of one of its rooms. */
export function mayMeasure(path: string, target: string): boolean {
  if (path.startsWith('bench/') && THROW_AWAY_SERVER.test(target)) return true;
  const folder = Object.keys(ROOMS_OF_FOLDER).find((name) => path.startsWith(`${name}/`));
  return folder !== undefined && (ROOMS_OF_FOLDER[folder] ?? []).some((room) => target.startsWith(`packages/server/src/${room}/`));
}

export function mayEnter(from: string, to: string): boolean {
  const [low, high] = [STOREY_OF_ROOM[to], STOREY_OF_ROOM[from]];
  return low !== undefined && high !== undefined && low < high;
}
