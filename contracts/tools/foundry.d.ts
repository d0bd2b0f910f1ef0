/** @returns the path of `forge` or `anvil`, or undefined where there is none. */
export function findFoundry(tool: 'forge' | 'anvil', path?: string): string | undefined;
/** The environment in which forge runs: the compiler's shim must find this same Node. */
export function forgeEnv(env?: Readonly<Record<string, string | undefined>>): Record<string, string | undefined>;
export const NO_FORGE: string;
