/** The files that the house rules look at: what git would commit, or a folder walk where there is no git. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url)).replace(/\/$/, '');

/** Path from the root, with `/`, to content. Rules take a `Tree`, so that a test can plant one in memory. */
export type Tree = ReadonlyMap<string, string>;

/** One thing that breaks a rule. */
export type Violation = { readonly rule: string; readonly path: string; readonly line: number; readonly detail: string };

const NOT_OURS = new Set(['node_modules', '.build', '.git', '.tallystick', 'coverage']);

export function listFiles(root: string = ROOT): string[] {
  try {
    const args = ['ls-files', '--cached', '--others', '--exclude-standard', '-z'];
    const out = execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    const listed = out.split('\0').filter((path) => path !== '' && existsSync(join(root, path)));
    if (listed.length > 0) return listed.sort();
  } catch {
    // A release archive has no git folder; the walk below sees the same files there.
  }
  return walkFolder(root, root).sort();
}

function walkFolder(root: string, folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (NOT_OURS.has(entry.name)) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? walkFolder(root, path) : [relative(root, path).replaceAll('\\', '/')];
  });
}

export function readTree(root: string = ROOT, keep: (path: string) => boolean = () => true): Tree {
  const wanted = listFiles(root).filter((path) => keep(path) && statSync(join(root, path)).isFile());
  return new Map(wanted.map((path) => [path, readFileSync(join(root, path), 'utf8')]));
}

export function sizesOf(root: string = ROOT): ReadonlyMap<string, number> {
  return new Map(listFiles(root).map((path) => [path, statSync(join(root, path)).size]));
}

export function isSource(path: string): boolean {
  return /\.tsx?$/.test(path) && !path.endsWith('.d.ts');
}

export function isTest(path: string): boolean {
  // A conformance suite is a test that is handed its engine.
  return /\.(test|bench)\.tsx?$/.test(path) || /\/conformance(\.ts$|\/)/.test(path) || path.startsWith('tests/');
}

/** One violation a line, as an editor can follow it. */
export function report(violations: readonly Violation[]): string {
  return violations.map((v) => `${v.path}:${v.line} [${v.rule}] ${v.detail}`).join('\n');
}
