/** The tools that hold the walls beside our own checker: each is run on a planted violation and seen to fail, then on a lawful file. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from './tree.ts';

// Inside the repository, so that `node:*` types *can* be found: what refuses them is the configuration, not their absence.
const BUILD = join(ROOT, '.build');
let folder = '';

beforeAll(() => {
  mkdirSync(BUILD, { recursive: true });
  folder = mkdtempSync(join(BUILD, 'house-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function plant(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

function run(tool: string, args: readonly string[]): { status: number | null; out: string } {
  const env = { ...process.env, NO_COLOR: '1' };
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, 'node_modules', tool), ...args], {
    cwd: folder,
    encoding: 'utf8',
    env,
  });
  return { status, out: `${stdout}\n${stderr}` };
}

describe('Biome, with the configuration of the repository', () => {
  const planted: readonly [name: string, path: string, text: string, rule: string][] = [
    ['core imports node', 'packages/core/src/a.ts', `export { readFileSync } from 'node:fs';`, 'noRestrictedImports'],
    ['core imports a library', 'packages/core/src/b.ts', `export { Hono } from 'hono';`, 'noRestrictedImports'],
    ['core reads the clock', 'packages/core/src/c.ts', 'export const at = Date.now();', 'noRestrictedGlobals'],
    ['core reads the environment', 'packages/core/src/d.ts', 'export const home = process.env;', 'noProcessGlobal'],
    ['ground enters a room', 'packages/server/src/ground/a.ts', `export { a } from '#vault';`, 'noRestrictedImports'],
    ['vault enters ledger', 'packages/server/src/vault/a.ts', `export type { A } from '#ledger';`, 'noRestrictedImports'],
    ['ledger enters gateway', 'packages/server/src/ledger/a.ts', `export const a = () => import('#gateway');`, 'noRestrictedImports'],
    ['gateway enters settle', 'packages/server/src/gateway/a.ts', `export { a } from '#settle';`, 'noRestrictedImports'],
    ['gateway climbs out', 'packages/server/src/gateway/b/b.ts', `export { a } from '../../ledger/index.ts';`, 'noRestrictedImports'],
    ['gateway knocks at its own door', 'packages/server/src/gateway/c.ts', `export { a } from '#gateway';`, 'noRestrictedImports'],
    ['app goes past a door', 'packages/server/src/app/a.ts', `export { a } from '#ledger/sql/hold';`, 'noRestrictedImports'],
    ['cli imports the daemon', 'packages/cli/src/a.ts', `export { a } from '@tallystick/server/main';`, 'noRestrictedImports'],
    ['sandbox imports the server', 'packages/sandbox/src/a.ts', `export { a } from '@tallystick/server';`, 'noRestrictedImports'],
    ['any', 'packages/core/src/e.ts', 'export type A = any;', 'noExplicitAny'],
    [
      'a floating promise',
      'packages/server/src/app/b.ts',
      'async function f(): Promise<void> {}\nf();\nexport { f };',
      'noFloatingPromises',
    ],
    ['a console', 'packages/server/src/app/c.ts', 'console.log(1);\nexport {};', 'noConsole'],
    ['a value import of a type', 'packages/core/src/f.ts', `import { A } from './e.ts';\nexport type B = A;`, 'useImportType'],
    ['a skipped test', 'tests/a.test.ts', `import { it } from 'vitest';\nit.skip('a', () => {});`, 'noSkippedTests'],
  ];
  let findings: { rule: string; path: string }[] = [];

  beforeAll(() => {
    // One run over all plants: a spawn costs more than the linting.
    const config = readFileSync(join(ROOT, 'biome.json'), 'utf8').replaceAll('"!.build", ', '').replaceAll('"!.build",', '');
    plant('biome.json', config.replace('./node_modules', '../../node_modules'));
    for (const [, path, text] of planted) plant(path, `${text}\n`);
    plant(
      'packages/core/src/lawful.ts',
      `export { sha256 } from '@noble/hashes/sha2.js';\nexport { z } from 'zod';\nexport type { A } from './e.ts';\n`,
    );
    plant(
      'packages/server/src/gateway/lawful.ts',
      `export { a } from '#ground/clock';\nexport { b } from '#ledger';\nexport { c } from '@tallystick/core';\n`,
    );
    plant(
      'packages/server/src/app/lawful.ts',
      `export { a } from '#gateway';\nexport { b } from '#settle';\nexport { c } from '#ground/config';\n`,
    );
    const { out } = run('@biomejs/biome/bin/biome', ['lint', '.', '--reporter=github', '--max-diagnostics=none']);
    const pattern = /^::error title=lint\/\w+\/(\w+),file=([^,]+)/gm;
    findings = [...out.matchAll(pattern)].map((match) => ({ rule: match[1] ?? '', path: match[2] ?? '' }));
  });

  it.each(planted)('%s', (_name, path, _text, rule) => {
    expect(findings.filter((finding) => finding.path.endsWith(path)).map((finding) => finding.rule)).toContain(rule);
  });

  it('lets lawful files pass', () => {
    expect(findings.filter((finding) => finding.path.endsWith('lawful.ts'))).toEqual([]);
  });
});

describe('TypeScript, with the configuration of core', () => {
  const PLANTED = 'import { readFileSync } from "node:fs";\nexport const a = [readFileSync, process.env, setTimeout, fetch, document];\n';

  function compile(name: string, text: string, options: Record<string, unknown>): string {
    plant(`${name}/src/a.ts`, text);
    const compilerOptions = {
      rootDir: 'src',
      noEmit: true,
      composite: false,
      emitDeclarationOnly: false,
      tsBuildInfoFile: null,
      ...options,
    };
    plant(`${name}/tsconfig.json`, JSON.stringify({ extends: '../../../packages/core/tsconfig.json', compilerOptions, include: ['src'] }));
    return run('typescript/bin/tsc', ['-p', `${name}/tsconfig.json`, '--pretty', 'false']).out;
  }

  it('knows neither node:*, nor process, timers, fetch or a document', () => {
    const out = compile('pure', PLANTED, {});
    for (const name of ['node:fs', 'process', 'setTimeout', 'fetch', 'document']) {
      expect(out).toMatch(new RegExp(`error TS\\d+: Cannot find (module|name) '${name}'`));
    }
  });

  it('would know them but for `types` and `lib`: the wall is what refuses', () => {
    expect(compile('impure', PLANTED, { types: ['node'], lib: ['ES2024', 'DOM'] }).trim()).toBe('');
  });

  it('compiles a pure file', () => {
    expect(compile('lawful', 'export const half = (n: bigint): bigint => n / 2n;\n', {}).trim()).toBe('');
  });

  it('refuses a package that imports another without a reference to it', () => {
    plant('far/src/b.ts', 'export const b = 1;\n');
    const out = compile('near', `import { b } from '../../far/src/b.ts';\nexport const a = b;\n`, {});
    expect(out).toContain('TS6059');
  });
});
