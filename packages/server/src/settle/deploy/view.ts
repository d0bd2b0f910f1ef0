/** A deployment as it is printed: what goes where, with which arguments, for how much gas, and who may do what afterwards. */
import { ROLES, type Role } from '@tallystick/contracts/roles';
import { hexToBytes, size } from 'viem';
import { artifactOf, type Deployment, delayOf, functionRoles, type Step } from './build.ts';
import type { Did } from './run.ts';

export type StepView = {
  readonly name: string;
  readonly address: string;
  readonly done: Did['done'] | 'planned';
  readonly gas: number;
  /** ABI-encoded, hex without 0x: what explorers ask for. */
  readonly constructor_args: string;
};

export type DeployView = {
  readonly network: string;
  readonly chain_id: number;
  readonly deployer: string;
  /** `estimate`: worked out from the code's size. `measured`: by a run. */
  readonly gas_is: 'estimate' | 'measured';
  readonly gas: number;
  readonly steps: readonly StepView[];
  readonly roles: readonly { readonly role: string; readonly holder: string; readonly delay_s: number; readonly functions: number }[];
};

const TRANSACTION = 21_000;
const CREATE = 32_000;
const BYTE_OF_CODE = 200;
const BYTE_OF_DATA = 16;
/** The registry's books, its event, and a constructor's usual storage. */
const AROUND = 220_000;
const ROLES_ROUGHLY = 1_300_000;

/** @param did null: nothing was run, so gas is an estimate. */
export function viewOf(deployment: Deployment, chainId: number, did: readonly Did[] | null): DeployView {
  const { order, authority, registry, contracts } = deployment;
  const steps = [authority, registry, ...contracts].map((step) =>
    stepView(
      step,
      did?.find(({ name }) => name === step.name),
    ),
  );
  const last = did?.find(({ name }) => name === 'roles');
  const handOver = { name: 'roles', address: authority.address, done: last?.done ?? ('planned' as const), constructor_args: '' };
  const all = [...steps, { ...handOver, gas: last === undefined ? ROLES_ROUGHLY : Number(last.gas) }];
  const wired = functionRoles(deployment);
  const roles = (Object.keys(ROLES) as Role[]).map((role) => ({
    role,
    holder: order.holders[role],
    delay_s: delayOf(role, order.network.asset === null),
    functions: wired.filter((each) => each.role === role).length,
  }));
  const gas = all.reduce((sum, step) => sum + step.gas, 0);
  const about = { network: order.network.name, chain_id: chainId, deployer: deployment.deployer };
  return { ...about, gas_is: did === null ? 'estimate' : 'measured', gas, steps: all, roles };
}

function stepView({ name, address, initCode }: Step, did: Did | undefined): StepView {
  const { bytecode } = artifactOf(name);
  return {
    name,
    address,
    done: did?.done ?? 'planned',
    gas: did === undefined ? estimate(initCode) : Number(did.gas),
    constructor_args: initCode.slice(bytecode.length),
  };
}

/** Nearly all of a creation's cost is its code: once as data, once as what is kept. */
function estimate(initCode: `0x${string}`): number {
  const bytes = hexToBytes(initCode);
  const data = bytes.reduce((sum, byte) => sum + (byte === 0 ? BYTE_OF_DATA / 4 : BYTE_OF_DATA), 0);
  return TRANSACTION + 2 * CREATE + AROUND + data + size(initCode) * BYTE_OF_CODE;
}
