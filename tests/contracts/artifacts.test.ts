import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEPLOYABLES, variableOf } from '../../contracts/deployables.ts';
import { findFoundry } from '../../contracts/tools/foundry.js';
import { compile, readArtifact, render, renderAll, renderIndex, staleFiles } from '../../scripts/contracts.ts';
import { readTree } from '../house/tree.ts';

const forge = findFoundry('forge');

describe('contracts/artifacts', () => {
  // A compiler that nobody waited for before: the tests' own limit is for what takes seconds.
  it.skipIf(forge === undefined)('is what the sources compile to, else: npm run contracts (needs forge)', { timeout: 1_200_000 }, () =>
    expect(staleFiles(renderAll(compile(forge ?? ''), false))).toEqual([]),
  );

  it('lists each contract once, in order', () => {
    expect(new Set(DEPLOYABLES).size).toBe(DEPLOYABLES.length);
    expect([...DEPLOYABLES].sort((a, b) => a.localeCompare(b))).toEqual([...DEPLOYABLES]);
  });

  it('lists every contract that is not abstract, and OpenZeppelin’s authority', () => {
    const own = readTree(undefined, (path) => path.startsWith('contracts/src/'));
    const names = [...own.values()].flatMap((text) => [...text.matchAll(/^contract (\w+)/gm)].map(([, name = '']) => name));
    expect([...names, 'AccessManager'].sort()).toEqual([...DEPLOYABLES].sort());
  });

  it.each([
    ['SessionChannels', 'sessionChannels'],
    ['AIToken', 'aiToken'],
    ['AITokenMinter', 'aiTokenMinter'],
    ['BlsScheme', 'blsScheme'],
  ])('%s is %s', (name, variable) => expect(variableOf(name)).toBe(variable));
});

describe('the generator', () => {
  let out = '';
  const plant = (file: string, name: string, object: string, links: Record<string, unknown> = {}) => {
    mkdirSync(join(out, file), { recursive: true });
    const abi = [{ type: 'function', name: 'a', inputs: [], outputs: [], stateMutability: 'view' }];
    const deployedBytecode = { object: '0x0000', immutableReferences: { 7: [{ start: 9, length: 32 }], 8: [{ start: 1, length: 32 }] } };
    writeFileSync(join(out, file, `${name}.json`), JSON.stringify({ abi, bytecode: { object, linkReferences: links }, deployedBytecode }));
  };
  beforeAll(() => {
    out = mkdtempSync(join(tmpdir(), 'tally-artifacts-'));
    plant('Whole.sol', 'Whole', '0x6001');
    plant('Abstract.sol', 'Abstract', '0x');
    plant('Linked.sol', 'Linked', '0x60', { 'a.sol': {} });
    plant('Shared.sol', 'IDraft', '0x');
  });
  afterAll(() => rmSync(out, { recursive: true, force: true }));

  it('writes the ABI and the bytecode, typed', () => {
    const artifact = readArtifact(out, 'Whole', false);
    if (artifact === null) throw new Error('there is a contract');
    const text = render(artifact);
    expect(text).toContain('export const wholeAbi = [\n  {"type":"function","name":"a"');
    expect(text).toContain('bytecode: \'0x6001\',\n  runtime: {"hash":"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",');
    expect(text).toContain('"immutables":[[1,32],[9,32]]},\n} as const;');
    expect(renderIndex([artifact])).toContain("export { whole, wholeAbi } from './Whole.ts';");
  });

  it.each([
    ['Abstract', 'has no bytecode'],
    ['Linked', 'linked library'],
    ['Missing', 'has no contract'],
    ['Draft', 'has no contract'],
  ])('refuses %s', (name, why) => expect(() => readArtifact(out, name, false)).toThrow(why));

  it('lets an interface stand in for a contract in a draft only, without bytecode', () => {
    const draft = readArtifact(out, 'Draft', true);
    expect(draft).toMatchObject({ name: 'Draft', code: null });
    expect(readArtifact(out, 'Missing', true)).toBeNull();
  });

  it('finds what is missing, stale, or of no contract', () => {
    const folder = join(out, 'committed');
    mkdirSync(folder);
    for (const [name, text] of Object.entries({ 'same.ts': 'a', 'stale.ts': 'b', 'left.ts': 'c' })) writeFileSync(join(folder, name), text);
    const fresh = new Map(Object.entries({ 'same.ts': 'a', 'stale.ts': 'new', 'missing.ts': 'd' }));
    expect(staleFiles(fresh, folder)).toEqual(['left.ts', 'missing.ts', 'stale.ts']);
  });
});
