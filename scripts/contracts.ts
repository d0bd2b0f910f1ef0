/**
 * `npm run contracts`: compiles the contracts as they are deployed and writes `contracts/artifacts/`, one typed file each.
 * `-- --check` writes nothing and fails where a committed file is not what the sources compile to. `-- --draft` lets the interface stand in
 * for a contract that is not written yet; without it such a contract is refused.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DEPLOYABLES, variableOf } from '../contracts/deployables.ts';
import { findFoundry, forgeEnv, NO_FORGE } from '../contracts/tools/foundry.js';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const ARTIFACTS = join(ROOT, 'contracts/artifacts');
/** Where the gas tests, which `npm test` runs first, have compiled the same as it is deployed: once is enough. What else the tests compile is elsewhere. */
const OUT = join(ROOT, 'contracts/out');

/** What forge writes of a contract, as far as it is read here. */
type Compiled = {
  readonly abi: readonly unknown[];
  readonly bytecode: { readonly object: string; readonly linkReferences: Readonly<Record<string, unknown>> };
  readonly deployedBytecode: { readonly object: string; readonly immutableReferences?: Readonly<Record<string, readonly Place[]>> };
};
type Place = { readonly start: number; readonly length: number };
export type Artifact = { readonly name: string; readonly abi: readonly unknown[]; readonly code: Code | null };
/** `runtime`: what stands on a chain afterwards, by its SHA-256 with zeros in the places of immutables, which each deployment fills in. */
type Code = { readonly bytecode: string; readonly runtime: { readonly hash: string; readonly immutables: readonly (readonly number[])[] } };

/** @returns the folder of what was compiled. @throws Error where the sources do not compile, with what the compiler says. */
export function compile(forge: string): string {
  const { FOUNDRY_PROFILE: _, ...env } = forgeEnv();
  const { status, stdout, stderr } = spawnSync(forge, ['build', 'contracts/src'], { cwd: ROOT, encoding: 'utf8', env });
  if (status !== 0) throw new Error(`The contracts do not compile.\n${stdout}\n${stderr}`);
  return OUT;
}

export function readArtifact(out: string, name: string, draft: boolean): Artifact | null {
  const own = read(out, name);
  if (own !== null) {
    if (Object.keys(own.bytecode.linkReferences).length > 0) throw new Error(`${name}: needs a linked library, which no deployment gives.`);
    if (own.bytecode.object.length <= 2) throw new Error(`${name}: has no bytecode: it is abstract.`);
    return { name, abi: own.abi, code: { bytecode: own.bytecode.object, runtime: runtimeOf(own.deployedBytecode) } };
  }
  if (!draft) throw new Error(`${name}: is listed in contracts/deployables.ts and has no contract.`);
  const abi = read(out, `I${name}`)?.abi;
  return abi === undefined ? null : { name, abi, code: null };
}

function runtimeOf({ object, immutableReferences }: Compiled['deployedBytecode']): Code['runtime'] {
  const places = Object.values(immutableReferences ?? {}).flat();
  const immutables = places.map(({ start, length }) => [start, length] as const).sort(([a], [b]) => a - b);
  return {
    hash: createHash('sha256')
      .update(Buffer.from(object.slice(2), 'hex'))
      .digest('hex'),
    immutables,
  };
}

/** A contract is in the file of its name, and some interfaces share one: the first that has it. */
function read(out: string, name: string): Compiled | null {
  const beside = readdirSync(out).map((folder) => join(out, folder, `${name}.json`));
  const path = [join(out, `${name}.sol`, `${name}.json`), ...beside].find((each) => existsSync(each));
  return path === undefined ? null : (JSON.parse(readFileSync(path, 'utf8')) as Compiled);
}

const HEAD = '/** Written by `npm run contracts` from the Solidity sources: not to be edited. */\n';

export function render({ name, abi, code }: Artifact): string {
  const variable = variableOf(name);
  const lines = abi.map((item) => `  ${JSON.stringify(item)},\n`).join('');
  const object =
    code === null
      ? `export const ${variable} = { abi: ${variable}Abi } as const;\n`
      : `export const ${variable} = {\n  abi: ${variable}Abi,\n  bytecode: '${code.bytecode}',\n  runtime: ${JSON.stringify(code.runtime)},\n} as const;\n`;
  return `${HEAD}export const ${variable}Abi = [\n${lines}] as const;\n\n${object}`;
}

export function renderIndex(artifacts: readonly Artifact[]): string {
  const lines = artifacts.map(({ name }) => `export { ${variableOf(name)}, ${variableOf(name)}Abi } from './${name}.ts';\n`);
  const imports = artifacts.map(({ name }) => `import { ${variableOf(name)} } from './${name}.ts';\n`);
  const members = artifacts.map(({ name }) => `  ${name}: ${variableOf(name)},\n`);
  const all = `/** Each contract by its name in Solidity. */\nexport const artifacts = {\n${members.join('')}} as const;\n`;
  return `${HEAD}${imports.join('')}\n${lines.join('')}\n${all}`;
}

/** @returns path under contracts/artifacts/ → what should stand there. */
export function renderAll(out: string, draft: boolean): ReadonlyMap<string, string> {
  const artifacts = DEPLOYABLES.map((name) => readArtifact(out, name, draft)).filter((artifact) => artifact !== null);
  return new Map([['index.ts', renderIndex(artifacts)], ...artifacts.map((each) => [`${each.name}.ts`, render(each)] as const)]);
}

/** @returns names of committed files that are missing, stale, or of no contract. */
export function staleFiles(fresh: ReadonlyMap<string, string>, folder: string = ARTIFACTS): string[] {
  const there = existsSync(folder) ? readdirSync(folder) : [];
  const current = (file: string) => (there.includes(file) ? readFileSync(join(folder, file), 'utf8') : undefined);
  return [...new Set([...fresh.keys(), ...there])].filter((file) => current(file) !== fresh.get(file)).sort();
}

function main(args: readonly string[]): number {
  const forge = findFoundry('forge');
  if (forge === undefined) {
    console.error(NO_FORGE);
    return 1;
  }
  const fresh = renderAll(compile(forge), args.includes('--draft'));
  const stale = staleFiles(fresh);
  if (args.includes('--check')) {
    for (const file of stale) console.error(`contracts/artifacts/${file}: stale; run \`npm run contracts\``);
    return stale.length === 0 ? 0 : 1;
  }
  mkdirSync(ARTIFACTS, { recursive: true });
  for (const file of stale) {
    const text = fresh.get(file);
    if (text === undefined) rmSync(join(ARTIFACTS, file));
    else writeFileSync(join(ARTIFACTS, file), text);
  }
  console.log(stale.length === 0 ? 'contracts/artifacts/ is up to date' : `written: ${stale.join(', ')}`);
  return 0;
}

if (import.meta.main) process.exitCode = main(process.argv.slice(2));
