import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Where peers of other languages are installed: a folder that git ignores, under the repository's root, where npm runs every script. */
const FOLDER = resolve('.build', 'overspend');

/** A peer that a package registry carries, at one version, installed by the registry's own client. */
export type Package = { readonly name: string; readonly version: string; readonly file: string; missing(): string | null; install(): void };

/** From PyPI, into a virtual environment of its own. */
export function fromPypi(name: string, version: string, requirement: string, program: string): Package {
  const home = join(FOLDER, name);
  return entry(name, version, join(home, 'bin', program), `pip install ${requirement}==${version}`, () => {
    run('python3', ['-m', 'venv', home]);
    run(join(home, 'bin', 'pip'), ['install', '--quiet', `${requirement}==${version}`]);
  });
}

/** From crates.io, built here. */
export function fromCrates(name: string, version: string, program: string): Package {
  const home = join(FOLDER, name);
  const args = ['install', '--quiet', '--locked', '--root', home, `${name}@${version}`];
  return entry(name, version, join(home, 'bin', program), `cargo install ${name}@${version}`, () => run('cargo', args));
}

function entry(name: string, version: string, file: string, command: string, install: () => void): Package {
  const missing = () => (existsSync(file) ? null : `not installed; --install does it (${command})`);
  return { name, version, file, missing, install };
}

function run(file: string, args: readonly string[]): void {
  mkdirSync(FOLDER, { recursive: true });
  execFileSync(file, args, { stdio: ['ignore', 'ignore', 'inherit'] });
}
