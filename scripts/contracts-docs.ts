/** docs/reference/contracts.md: what each contract is, who may call what, its errors and events, and the bounds of every parameter. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FUNCTION_ROLES, type Grant, ROLES } from '../contracts/roles.ts';
import { anchor, code, table } from './markdown.ts';
import { type Doc, type Interface, type Member, readInterfaces } from './solidity.ts';

const SRC = fileURLToPath(new URL('../contracts/src/', import.meta.url));

/** In the order in which a reader needs them. A file that does not stand here is an error. */
const FILES = [
  'ICreditToken',
  'ICreditVenue',
  'ICreditVault',
  'ISessionChannels',
  'ISettlementTreasury',
  'IProviderRegistry',
  'IUsageReceipts',
  'IReceiptFaults',
  'IQuorumVerifier',
  'IStakes',
  'IStakeManager',
  'IPaymentEscrow',
  'ICapabilityAuthority',
  'IParamGovernor',
  'IChainRegistry',
  'IAITokenMinter',
  'IOrderSettlement',
  'IMigrationManifest',
];

export type Documented = Interface & { readonly file: string };

export function readAllInterfaces(): Documented[] {
  const files = readdirSync(join(SRC, 'interfaces')).map((name) => name.replace(/\.sol$/, ''));
  const unknown = files.filter((name) => !FILES.includes(name));
  if (unknown.length > 0) throw new Error(`scripts/contracts-docs.ts does not know ${unknown.join(', ')}`);
  return FILES.flatMap(interfacesOf);
}

function interfacesOf(file: string): Documented[] {
  const found = readInterfaces(readFileSync(join(SRC, 'interfaces', `${file}.sol`), 'utf8'));
  if (found.length === 0) throw new Error(`${file}.sol has no interface that was understood`);
  return found.map((one) => ({ ...one, file }));
}

const contractOf = (interfaceName: string): string => interfaceName.slice(1);

/** The grant of a function, also where it is declared in a parent of the interface of the contract that the table names. */
export function grantOf(all: readonly Interface[], owner: string, name: string): Grant | undefined {
  const heirs = all.filter((one) => one.name === owner || one.parents.includes(owner));
  return heirs.map((heir) => FUNCTION_ROLES[contractOf(heir.name)]?.[name]).find((grant) => grant !== undefined);
}

const DELAY_UNITS: readonly [number, string][] = [
  [86_400, 'd'],
  [3_600, 'h'],
];

function duration(seconds: number): string {
  const [size, unit] = DELAY_UNITS.find(([length]) => seconds >= length && seconds % length === 0) ?? [1, 's'];
  return seconds === 0 ? 'none' : `${seconds / size} ${unit}`;
}

function rolesSection(): string {
  const roles = Object.entries(ROLES).map(([name, role]) => [code(name), String(role.id), duration(role.delay_s), role.what]);
  const functions = Object.entries(FUNCTION_ROLES).flatMap(([contract, grants]) =>
    Object.entries(grants).map(([name, { role, or }]) => [`[${code(contract)}](#${anchor(contract)})`, code(name), code(role), or ?? '']),
  );
  return [
    '## Roles',
    'The roles stand in one AccessManager of OpenZeppelin. What waits, waits there: a call is scheduled, seen by everybody, and made after the delay.',
    'Once a deployment is done nobody holds its own ADMIN role, so the tables below can never change for it.',
    table(['Role', 'Id', 'Delay', 'What it does'], roles),
    'Who may call what. A function that does not stand here is open to whom its own description says.',
    table(['Contract', 'Function', 'Role', 'Or'], functions),
  ].join('\n\n');
}

type Param = { readonly key: string; readonly constant: string; readonly meaning: string };

/** Keys and meanings from `Params.sol`. */
export function readParams(source: string): Param[] {
  const found = [...source.matchAll(/((?: *\/\/\/.*\n)+) *bytes32 internal constant (\w+) = "(\w+)";/g)];
  return found.map(([, comment = '', constant = '', key = '']) => {
    const lines = comment.split('\n').map((line) => line.trim().replace(/^\/\/\/ ?(@notice )?/, ''));
    return { key, constant, meaning: lines.join(' ').trim() };
  });
}

/** Value, least and most of each, as the source of `DefaultParams.sol` says them; by the constant's name. */
export function readDefaults(source: string): ReadonlyMap<string, readonly [string, string, string]> {
  const plain = source.replace(/\/\/.*\n/g, '\n').replace(/\s+/g, ' ');
  const found = plain.matchAll(
    /Setting\( ?\{? ?(?:key: )?Params\.(\w+), (?:value: )?([^,]+), (?:min: )?([^,]+), (?:max: )?([^,})]+(?:\(\w+\)\.max)?)/g,
  );
  return new Map([...found].map(([, constant = '', value = '', min = '', max = '']) => [constant, [value.trim(), min.trim(), max.trim()]]));
}

function paramsSection(): string {
  const params = readParams(readFileSync(join(SRC, 'libraries/Params.sol'), 'utf8'));
  const path = join(SRC, 'libraries/DefaultParams.sol');
  const defaults = readDefaults(existsSync(path) ? readFileSync(path, 'utf8') : '');
  const missing = params.filter(({ constant }) => defaults.size > 0 && !defaults.has(constant));
  if (missing.length > 0) throw new Error(`DefaultParams.sol was not understood: ${missing.map(({ constant }) => constant).join(', ')}`);
  const rows = params.map(({ key, constant, meaning }) => [
    code(key),
    ...(defaults.get(constant) ?? ['', '', '']).map((text) => (text === '' ? '' : code(text))),
    meaning,
  ]);
  return [
    '## Parameters',
    'All that governance may set, in the [ParamGovernor](#paramgovernor), behind its timelock. The bounds are fixed when it is constructed: no role passes them.',
    'Work that is open keeps the values with which it began.',
    table(['Key', 'At launch', 'Least', 'Most', 'Meaning'], rows),
  ].join('\n\n');
}

/** Parameters and returns that are described, after the notice. */
function meaning({ notice, params, returns }: Doc): string {
  const named = Object.entries(params)
    .filter(([, text]) => text !== '')
    .map(([name, text]) => `${code(name)}: ${text}`);
  const back = returns.filter((text) => text !== '').map((text) => `Returns ${text}`);
  return [notice, ...named, ...back].filter((text) => text !== '').join(' · ');
}

function membersTable(one: Interface, kind: 'error' | 'event' | 'struct' | 'enum', head: string): string[] {
  const rows = one.members
    .filter((member) => member.kind === kind)
    .map((member) => {
      const text = kind === 'struct' || kind === 'enum' ? `${member.name} { ${member.text} }` : `${member.name}${member.text}`;
      return [code(text), meaning(member.doc)];
    });
  return rows.length === 0 ? [] : [`**${head}**`, table([head.replace(/s$/, ''), 'Meaning'], rows)];
}

function functionRows(all: readonly Interface[], one: Interface, view: boolean): string[][] {
  const functions = one.members.filter((member: Member) => member.kind === 'function' && member.view === view);
  return functions.map((member) => {
    const grant = grantOf(all, one.name, member.name);
    const who = grant === undefined ? '' : [code(grant.role), ...(grant.or === undefined ? [] : [grant.or])].join(' or ');
    return [code(`${member.name}${member.text}`), ...(view ? [] : [who]), meaning(member.doc)];
  });
}

function section(all: readonly Documented[], one: Documented): string {
  const [acts, views] = [functionRows(all, one, false), functionRows(all, one, true)];
  const parents = one.parents.filter((parent) => all.some(({ name }) => name === parent));
  return [
    `## ${contractOf(one.name)}`,
    `${one.doc.title}. ${one.doc.notice} Interface: [\`${one.file}.sol\`](../../contracts/src/interfaces/${one.file}.sol).`.replaceAll(
      '. .',
      '.',
    ),
    ...(parents.length > 0
      ? [`It has all of ${parents.map((name) => `[${contractOf(name)}](#${anchor(contractOf(name))})`).join(', ')} as well.`]
      : []),
    ...(acts.length > 0 ? ['**Functions**', table(['Function', 'Role', 'Meaning'], acts)] : []),
    ...(views.length > 0 ? ['**Views**', table(['View', 'Meaning'], views)] : []),
    ...membersTable(one, 'event', 'Events'),
    ...membersTable(one, 'error', 'Errors'),
    ...membersTable(one, 'struct', 'Structs'),
    ...membersTable(one, 'enum', 'Enums'),
  ].join('\n\n');
}

export function contractsPage(): string {
  const all = readAllInterfaces();
  const index = table(
    ['Contract', 'What it is'],
    all.map((one) => [`[${code(contractOf(one.name))}](#${anchor(contractOf(one.name))})`, one.doc.title]),
  );
  return [index, rolesSection(), paramsSection(), ...all.map((one) => section(all, one))].join('\n\n');
}
