/** From the plan to what is sent: addresses, creation codes, and the one call that hands the contracts over. */
import { artifacts } from '@tallystick/contracts';
import { FUNCTION_ROLES, ROLES, type Role } from '@tallystick/contracts/roles';
import {
  type Abi,
  type AbiParameter,
  type Address,
  encodeDeployData,
  encodeFunctionData,
  type Hex,
  keccak256,
  stringToHex,
  toFunctionSelector,
} from 'viem';
import { create2Address, nameOf, predict } from './create3.ts';
import type { DeployOrder, Holders } from './inputs.ts';
import { type ContractName, type Given, PLAN, type PlannedContract, SETUP, type Value } from './plan.ts';

export type Artifact = {
  readonly abi: Abi;
  readonly bytecode: Hex;
  readonly runtime: { readonly hash: string; readonly immutables: readonly (readonly number[])[] };
};

export type Step = {
  readonly name: string;
  readonly address: Address;
  readonly initCode: Hex;
  readonly args: Readonly<Record<string, unknown>>;
};

export type Deployment = {
  readonly order: DeployOrder;
  readonly deployer: Address;
  readonly authority: Step;
  readonly registry: Step;
  readonly contracts: readonly Step[];
  readonly addresses: Readonly<Record<string, Address>>;
};

/** The same in every deployment, so that one deployer has the same addresses on every chain. */
const SALT = keccak256(stringToHex('Tallystick 1'));
const ADMIN = 0n;

export function artifactOf(name: string): Artifact {
  const all: Readonly<Record<string, unknown>> = artifacts;
  return all[name] as Artifact;
}

export function build(order: DeployOrder, deployer: Address): Deployment {
  const authority = create2Step('AccessManager', { initialAdmin: deployer });
  const registry = create2Step('ChainRegistry', { authority: authority.address });
  const planned = PLAN.filter(({ localOnly }) => localOnly !== true || order.network.asset === null);
  const addresses = Object.fromEntries(planned.map(({ name }) => [name, predict(registry.address, name)]));
  const given: Given = { ...order.given, asset: order.network.asset ?? at(addresses, 'TestAsset') };
  const contracts = planned.map((each) => contractStep(each, (value) => resolve(value, addresses, authority.address, given), addresses));
  return { order, deployer, authority, registry, contracts, addresses };
}

export function at(addresses: Readonly<Record<string, Address>>, name: ContractName): Address {
  const address = addresses[name];
  if (address === undefined) throw new Error(`${name} is not part of this deployment`);
  return address;
}

function create2Step(name: string, args: Readonly<Record<string, unknown>>): Step {
  const initCode = initCodeOf(name, args);
  return { name, address: create2Address(SALT, initCode), initCode, args };
}

function contractStep(
  { name, args }: PlannedContract,
  value: (value: Value) => unknown,
  addresses: Readonly<Record<string, Address>>,
): Step {
  const resolved = Object.fromEntries(Object.entries(args).map(([argument, each]) => [argument, value(each)]));
  return { name, address: at(addresses, name), initCode: initCodeOf(name, resolved), args: resolved };
}

function resolve(value: Value, addresses: Readonly<Record<string, Address>>, authority: Address, given: Given): unknown {
  if ('contract' in value) return at(addresses, value.contract);
  if ('contracts' in value) return value.contracts.map((name) => at(addresses, name));
  return 'given' in value ? given[value.given] : authority;
}

/** The constructor's names less the underscore at their end, in its order. */
export function constructorNames(abi: Abi): string[] {
  const found = abi.find((item) => item.type === 'constructor');
  return (found?.inputs ?? []).map(({ name }: AbiParameter) => (name ?? '').replace(/_$/, ''));
}

function initCodeOf(name: string, args: Readonly<Record<string, unknown>>): Hex {
  const { abi, bytecode } = artifactOf(name);
  const names = constructorNames(abi);
  if ([...names].sort().join() !== Object.keys(args).sort().join()) {
    throw new Error(`${name}: the plan gives ${Object.keys(args).join(', ')}, its constructor takes ${names.join(', ')}`);
  }
  return encodeDeployData({ abi, bytecode, args: names.map((each) => args[each]) });
}

export function registryCall(step: Step): Hex {
  return encodeFunctionData({ abi: artifacts.ChainRegistry.abi, functionName: 'deploy', args: [nameOf(step.name), 1, step.initCode] });
}

export const create2Salt = SALT;

const manager = artifacts.AccessManager.abi;

export type FunctionRole = { readonly contract: string; readonly target: Address; readonly selector: Hex; readonly role: Role };

/** Which role each guarded function of the deployed contracts needs. */
export function functionRoles({ addresses, registry }: Deployment): FunctionRole[] {
  const targets: Readonly<Record<string, Address>> = { ...addresses, ChainRegistry: registry.address };
  return Object.entries(FUNCTION_ROLES).flatMap(([contract, functions]) => {
    const target = targets[contract];
    if (target === undefined) return [];
    return Object.entries(functions).map(([name, { role }]) => ({ contract, target, selector: selectorOf(contract, name), role }));
  });
}

function selectorOf(contract: string, name: string): Hex {
  const found = artifactOf(contract).abi.filter((item) => item.type === 'function' && item.name === name);
  const [only, ...more] = found;
  if (only?.type !== 'function' || more.length > 0) throw new Error(`${contract}.${name}: roles.ts names ${found.length} functions`);
  return toFunctionSelector(only);
}

/** What a holder waits: on a local chain nobody does. */
export const delayOf = (role: Role, local: boolean): number => (local ? 0 : ROLES[role].delay_s);

/**
 * One transaction, so that there is no moment in between: the contracts are set up, every guarded function gets its role, each role its
 * admin and its holder, and, off a local chain, the deployer gives up what it was.
 */
export function handOver(deployment: Deployment): Hex {
  const { order, deployer } = deployment;
  const local = order.network.asset === null;
  const calls = [
    ...setupCalls(deployment),
    ...functionRoles(deployment).map(({ target, selector, role }) =>
      encodeFunctionData({ abi: manager, functionName: 'setTargetFunctionRole', args: [target, [selector], ROLES[role].id] }),
    ),
    ...roleCalls(order.holders, local),
    ...(local ? [] : [encodeFunctionData({ abi: manager, functionName: 'renounceRole', args: [ADMIN, deployer] })]),
  ];
  return encodeFunctionData({ abi: manager, functionName: 'multicall', args: [calls] });
}

function setupCalls({ addresses }: Deployment): Hex[] {
  return SETUP.map(({ on, call, args }) => {
    const values = args.map((value) => (typeof value === 'string' ? at(addresses, value) : value));
    const data = encodeFunctionData({ abi: artifactOf(on).abi, functionName: call, args: values });
    return encodeFunctionData({ abi: manager, functionName: 'execute', args: [at(addresses, on), data] });
  });
}

function roleCalls(holders: Holders, local: boolean): Hex[] {
  const roles = Object.keys(ROLES) as Role[];
  const grant = (role: Role, holder: Address, delay: number) =>
    encodeFunctionData({ abi: manager, functionName: 'grantRole', args: [ROLES[role].id, holder, delay] });
  return [
    ...roles.map((role) => encodeFunctionData({ abi: manager, functionName: 'labelRole', args: [ROLES[role].id, role] })),
    ...roles.map((role) => grant(role, holders[role], delayOf(role, local))),
    ...roles.map((role) => encodeFunctionData({ abi: manager, functionName: 'setRoleAdmin', args: [ROLES[role].id, ROLES.GOVERNOR.id] })),
  ];
}
