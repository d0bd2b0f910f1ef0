/** What an explorer is given compiles to what is deployed. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { artifacts } from '../../contracts/artifacts/index.ts';
import { DEPLOYABLES } from '../../contracts/deployables.ts';
import { standardJson } from '../../contracts/standard-json.ts';
import { ROOT } from '../house/tree.ts';

type Compiled = { contracts?: Record<string, Record<string, { evm: { bytecode: { object: string } } }>> };
const solc = createRequire(join(ROOT, 'contracts/package.json'))('solc') as { compile(input: string): string };

describe('the compiler’s input for an explorer', () => {
  // Two that import from both libraries and by a path of their own; all others are built by the same rules.
  it.each(['ChainRegistry', 'AccessManager'] as const)('%s: compiles to the bytecode that is deployed', (name) => {
    const { contract, input } = standardJson(name);
    const [file = '', own = ''] = contract.split(':');
    const { contracts } = JSON.parse(solc.compile(JSON.stringify(input))) as Compiled;
    expect(`0x${contracts?.[file]?.[own]?.evm.bytecode.object}`).toBe(artifacts[name].bytecode);
  });

  it.each(DEPLOYABLES)('%s: holds each source that it imports, under no path of this machine', (name) => {
    const { contract, input } = standardJson(name);
    const paths = Object.keys(input.sources);
    expect(paths).toContain(contract.split(':')[0]);
    expect(paths.filter((path) => !/^(contracts\/src|node_modules\/(@openzeppelin|solady))\//.test(path))).toEqual([]);
    expect(JSON.stringify(input)).not.toContain(ROOT);
  });
});
