/** The contracts' documentation is made from their interfaces; here the reader of those is tried, and the table of roles is held against interfaces and code. */
import { describe, expect, it } from 'vitest';
import { FUNCTION_ROLES, ROLES } from '../../contracts/roles.ts';
import { grantOf, readAllInterfaces, readDefaults, readParams } from '../../scripts/contracts-docs.ts';
import { readDoc, readInterfaces, restrictedFunctions } from '../../scripts/solidity.ts';
import { listFiles, readTree } from './tree.ts';

const SOURCE = `// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "a.sol";

/// @title A thing
/// @notice What it is,
/// in two lines.
interface IThing is IERC20, IOther {
    /// @param a the first
    /// and more of it.
    /// @param b
    struct Pair {
        uint256 a;
        uint64 b;
    }

    enum State {
        None,
        /// It is gone.
        Gone
    }

    // A plain comment says nothing to the reader of the page.
    error TooMuch(uint256 given, uint256 max);
    event Set(
        bytes32 indexed id,
        uint256 value
    );

    /// @notice Sets it. Role: GOVERNOR.
    /// @return done whether it was.
    function set(Pair calldata pair, bytes memory data) external payable returns (bool done);
    function get(bytes32 id)
        external
        view
        returns (uint256);
}

/// @title Another
interface INext {
    function f() external pure;
}
`;

describe('the reader of interfaces', () => {
  const [thing, next] = readInterfaces(SOURCE);

  it('knows each interface, its parents and its comment', () => {
    expect(thing).toMatchObject({
      name: 'IThing',
      parents: ['IERC20', 'IOther'],
      doc: { title: 'A thing', notice: 'What it is, in two lines.' },
    });
    expect(next).toMatchObject({ name: 'INext', parents: [], doc: { title: 'Another', notice: '' } });
  });

  it('knows every member in one line', () => {
    expect(thing?.members.map(({ kind, name, text, view }) => [kind, name, text, view])).toEqual([
      ['struct', 'Pair', 'uint256 a, uint64 b', false],
      ['enum', 'State', 'None, Gone', false],
      ['error', 'TooMuch', '(uint256 given, uint256 max)', false],
      ['event', 'Set', '(bytes32 indexed id, uint256 value)', false],
      ['function', 'set', '(Pair pair, bytes data) → (bool done)', false],
      ['function', 'get', '(bytes32 id) → (uint256)', true],
    ]);
  });

  it('knows what is said of parameters and returns', () => {
    expect(thing?.members[0]?.doc.params).toEqual({ a: 'the first and more of it.', b: '' });
    expect(thing?.members[4]?.doc).toMatchObject({ notice: 'Sets it. Role: GOVERNOR.', returns: ['done whether it was.'] });
  });

  it('stops at what it does not know', () => {
    expect(() => readInterfaces('interface A {\n    mapping(uint => uint) a;\n}\n')).toThrow('not understood: mapping');
    expect(() => readInterfaces('interface A {\n    function f() external;\n')).toThrow('does not end');
    expect(() => readDoc(['@author me'])).toThrow('@author');
  });

  it('reads parameters and their bounds', () => {
    const source = '    /// @notice Seconds. Most\n    /// of them.\n    bytes32 internal constant A_B = "aB";\n';
    expect(readParams(source)).toEqual([{ key: 'aB', constant: 'A_B', meaning: 'Seconds. Most of them.' }]);
    const call =
      'settings[0] = IParamGovernor.Setting(Params.A_B, 24 hours, 1 hours, 14 days); // why\n x = IParamGovernor.Setting({key: Params.C, value: 1, min: 0, max: 2});';
    expect([...readDefaults(call)]).toEqual([
      ['A_B', ['24 hours', '1 hours', '14 days']],
      ['C', ['1', '0', '2']],
    ]);
  });
});

describe('the table of roles', () => {
  const all = readAllInterfaces();
  const said = all.flatMap((one) =>
    one.members
      .filter(({ kind }) => kind === 'function')
      .flatMap((member) => {
        const roles = /\bRoles?: ([A-Z, ]+)/.exec(member.doc.notice)?.[1]?.match(/[A-Z]{3,}/g) ?? [];
        return roles.map((role) => ({ owner: one.name, name: member.name, role }));
      }),
  );

  it('is what the interfaces say', () => {
    expect(said.length).toBeGreaterThan(20);
    const wrong = said.filter(({ owner, name, role }) => {
      const grant = grantOf(all, owner, name);
      return grant?.role !== role && grant?.or?.includes(role) !== true;
    });
    expect(wrong).toEqual([]);
    expect(said.filter(({ role }) => !(role in ROLES))).toEqual([]);
  });

  it('has no function that no interface gives that role', () => {
    const wrong = Object.entries(FUNCTION_ROLES).flatMap(([contract, grants]) => {
      const own = all.find(({ name }) => name === `I${contract}`);
      const names = [own?.name, ...(own?.parents ?? [])];
      return Object.entries(grants)
        .filter(([name, { role }]) => !said.some((each) => names.includes(each.owner) && each.name === name && each.role === role))
        .map(([name]) => `${contract}.${name}`);
    });
    expect(wrong).toEqual([]);
  });

  it('names a function once, so that its name alone tells its selector', () => {
    const wrong = Object.entries(FUNCTION_ROLES).flatMap(([contract, grants]) => {
      const own = all.find(({ name }) => name === `I${contract}`);
      const members = all.filter(({ name }) => name === own?.name || own?.parents.includes(name)).flatMap((one) => one.members);
      return Object.keys(grants).filter(
        (name) => members.filter((member) => member.kind === 'function' && member.name === name).length !== 1,
      );
    });
    expect(wrong).toEqual([]);
  });

  it('is what the code restricts', () => {
    const sources = readTree(undefined, (path) => /^contracts\/src\/(?!interfaces\/|libraries\/).*\.sol$/.test(path));
    const restricted = [...sources].flatMap(([path, text]) => {
      const contract = /([^/]+)\.sol$/.exec(path)?.[1] as string;
      return restrictedFunctions(text).map((name) => ({ contract, name }));
    });
    // A base contract's functions stand in the table under each contract that has them.
    const listed = ({ contract, name }: { contract: string; name: string }) => grantOf(all, `I${contract}`, name) !== undefined;
    expect(restricted.filter((each) => !listed(each))).toEqual([]);
  });

  it('sees a restricted function, however its head is broken', () => {
    const source = 'function a(uint256 x)\n  external\n  restricted\n{ }\nfunction b() external { restricted; }\nfunction c() external;';
    expect(restrictedFunctions(source)).toEqual(['a']);
  });
});

/** Tests that a page names (`contracts/test/unit/X/*`) and that are not there. */
function missingTests(page: string, files: readonly string[]): string[] {
  const named = [...page.matchAll(/`(contracts\/test\/[^`]+)`/g)].map(([, path = '']) => path).filter((path) => !path.includes('<'));
  return named.filter((path) => !files.some((file) => file === path || (path.endsWith('/*') && file.startsWith(path.slice(0, -1)))));
}

describe('the threat model', () => {
  it('names tests that are there', () => {
    const [page] = readTree(undefined, (path) => path === 'docs/reference/threat-model.md').values();
    expect(page?.match(/`contracts\/test\//g)?.length).toBeGreaterThan(10);
    expect(missingTests(page ?? '', listFiles())).toEqual([]);
  });

  it('is found where it names one that is not', () => {
    const page = '`contracts/test/unit/A/*` `contracts/test/unit/B/*` `contracts/test/C.t.sol`';
    expect(missingTests(page, ['contracts/test/unit/A/a.t.sol'])).toEqual(['contracts/test/unit/B/*', 'contracts/test/C.t.sol']);
  });
});
