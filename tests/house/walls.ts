/** The walls: who may import whom (`storeys.ts` holds the table). Works on a tree in memory, so that tests can plant violations. */
import { posix } from 'node:path';
import { parse } from './ast.ts';
import { type Import, importsOf } from './imports.ts';
import {
  CORE_IMPORTS,
  DOORS_OF_PACKAGE,
  mayEnter,
  mayMeasure,
  PACKAGES_OF_PACKAGE,
  type Place,
  placeOf,
  RESOLVES_OF_PACKAGE,
  STOREY_OF_ROOM,
} from './storeys.ts';
import { isSource, isTest, type Tree, type Violation } from './tree.ts';

type Site = { readonly path: string; readonly place: Place; readonly test: boolean; readonly declared: ReadonlySet<string> };
type Finding = readonly [rule: string, detail: string];

export function checkWalls(tree: Tree): Violation[] {
  const declared = declaredDependencies(tree);
  return [...tree].flatMap(([path, text]) => {
    if (!isSource(path)) return [];
    const place = placeOf(path);
    if (!place) return checkOutside(path, text);
    const test = isTest(path);
    const root = test ? (declared.get('') ?? []) : [];
    const site = { path, place, test, declared: new Set([...(declared.get(place.pkg) ?? []), ...root]) };
    const homeless = homelessness(site);
    return [...homeless, ...importsOf(parse(path, text)).flatMap((found) => at(path, found, checkImport(site, found)))];
  });
}

/** Tests may import anything; scripts anything but the composition root, whose import starts the house. */
function checkOutside(path: string, text: string): Violation[] {
  if (path.startsWith('tests/')) return [];
  return importsOf(parse(path, text)).flatMap((found) => {
    const app = found.kind !== 'resolve' && /(^#app|@tallystick\/server\/main|\/server\/src\/app\/)/.test(found.specifier ?? '');
    return at(path, found, app ? [['app', `nothing imports the composition root (${found.specifier})`]] : []);
  });
}

function at(path: string, found: Import, findings: readonly Finding[]): Violation[] {
  return findings.map(([rule, detail]) => ({ rule, path, line: found.line, detail: `${found.kind} import: ${detail}` }));
}

function homelessness({ path, place }: Site): Violation[] {
  if (PACKAGES_OF_PACKAGE[place.pkg] === undefined) {
    return [{ rule: 'unknown-package', path, line: 1, detail: `package ${place.pkg} is not in the storey table` }];
  }
  if (place.pkg !== 'server' || (place.room !== undefined && place.room in STOREY_OF_ROOM)) return [];
  return [{ rule: 'unknown-room', path, line: 1, detail: `${place.room ?? 'the root of src'} is not a room of the storey table` }];
}

function checkImport(site: Site, found: Import): Finding[] {
  const { specifier } = found;
  if (specifier === undefined) return [['unseen', 'name it by a literal, so that the wall can be seen']];
  if (found.kind === 'reference') return [['reference', `${specifier}: no triple-slash references`]];
  if (specifier.startsWith('.') || specifier.startsWith('file:') || specifier.startsWith('/'))
    return relativeFindings(site, found, specifier);
  if (specifier.startsWith('#')) return doorFindings(site, specifier);
  if (specifier.startsWith('@tallystick/')) return packageFindings(site, found, specifier);
  return externalFindings(site, specifier);
}

function relativeFindings({ path, place }: Site, found: Import, specifier: string): Finding[] {
  if (!specifier.startsWith('.')) return [['absolute', `${specifier}: name files relative to this one`]];
  const target = posix.join(posix.dirname(path), specifier);
  if (`${target}/`.startsWith(`${place.home}/`)) return [];
  if (mayMeasure(path, target)) return [];
  const packageFolder = place.home.slice(0, place.home.indexOf('/src'));
  // A package may read its own manifest, for its version.
  if (target === `${packageFolder}/package.json` && (found.kind === 'url' || found.kind === 'static')) return [];
  if (place.room !== undefined && `${target}/`.startsWith('packages/server/src/')) {
    return [['room-up', `${specifier} leaves the room ${place.room}; enter another by its # door`]];
  }
  return [['package-up', `${specifier} leaves the package ${place.pkg}; import the package by its name`]];
}

function doorFindings({ place, test }: Site, specifier: string): Finding[] {
  const [, room = '', rest = ''] = /^#([^/]+)(\/.*)?$/.exec(specifier) ?? [];
  if (place.pkg !== 'server' || place.room === undefined) return [['door-outside', `${specifier}: # doors stand inside the server only`]];
  if (STOREY_OF_ROOM[room] === undefined) return [['unknown-room', `${specifier} is no room of the storey table`]];
  if (room === place.room) return [['own-door', `${specifier}: inside a room, import by a relative path`]];
  if (room === 'app') return [['app', 'nothing imports the composition root']];
  if (!mayEnter(place.room, room)) return [['storey', `${place.room} may not enter ${room}${test ? ', nor may its tests' : ''}`]];
  if (room === 'ground' ? rest.length < 2 : rest !== '') {
    return [['door', room === 'ground' ? 'ground is entered by file: #ground/x' : `${specifier}: ${room} has one door, #${room}`]];
  }
  return [];
}

function packageFindings({ place }: Site, found: Import, specifier: string): Finding[] {
  if (found.kind === 'resolve' && RESOLVES_OF_PACKAGE[place.pkg]?.includes(specifier)) return [];
  if (specifier === '@tallystick/server/main')
    return [['app', `nothing imports the composition root (${specifier}); start it as a process`]];
  const [, pkg = '', rest = ''] = /^@tallystick\/([^/]+)(\/.*)?$/.exec(specifier) ?? [];
  if (pkg === place.pkg) return [['own-door', `${specifier}: inside a package, import by a relative path`]];
  if (!PACKAGES_OF_PACKAGE[place.pkg]?.includes(pkg)) return [['package', `${place.pkg} may not import ${specifier}`]];
  return rest === '' || DOORS_OF_PACKAGE[pkg]?.includes(rest)
    ? []
    : [['package-door', `${specifier}: a package is entered by its index only`]];
}

function externalFindings({ place, test, declared }: Site, specifier: string): Finding[] {
  if (place.pkg === 'core' && !test && !CORE_IMPORTS.some((allowed) => allowed.test(specifier))) {
    return [['core-import', `core is pure: it may not import ${specifier}`]];
  }
  if (specifier.startsWith('node:')) {
    return place.pkg === 'console' && !test ? [['browser', `${specifier}: console runs in a browser`]] : [];
  }
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
  return declared.has(name) ? [] : [['undeclared', `${name} is not a dependency of ${place.pkg}'s package.json`]];
}

/** Package name (folder) to the names that its package.json declares; '' is the root, whose tools tests may use. */
function declaredDependencies(tree: Tree): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const [path, text] of tree) {
    const [, pkg] = /^(?:packages\/)?([^/]+)\/package\.json$/.exec(path) ?? [];
    if (pkg === undefined && path !== 'package.json') continue;
    const manifest = JSON.parse(text) as Record<string, Record<string, string> | undefined>;
    const groups = ['dependencies', 'devDependencies', 'peerDependencies', 'optionalDependencies'];
    found.set(
      pkg ?? '',
      groups.flatMap((group) => Object.keys(manifest[group] ?? {})),
    );
  }
  return found;
}
