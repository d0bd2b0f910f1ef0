/** `tally chain plan`, `deploy` and `verify-input`: they need neither a daemon nor its books. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DEPLOYABLES } from '@tallystick/contracts/deployables';
import { findFoundry } from '@tallystick/contracts/foundry';
import { standardJson } from '@tallystick/contracts/standard-json';
import { TallyError } from '@tallystick/core';
import type { z } from 'zod';
import { systemClock } from '#ground/clock';
import { type Config, isClearText } from '#ground/config';
import { ensurePrivateFolder } from '#ground/files';
import { loadDeploy } from '#settle';
import { rpc, startAnvil } from './anvil.ts';
import { NO_ANVIL } from './chain.ts';
import { type ChainAsk, chainAskSchema } from './chain-ask.ts';

/** @param text what the command line was asked for, as JSON. @param env for the key. */
export async function chainCommand(command: string, text: string, config: Config, env: NodeJS.ProcessEnv): Promise<unknown> {
  const parsed = chainAskSchema.safeParse(parseJson(text));
  if (!parsed.success) throw new TallyError('INPUT_INVALID', `What is to be deployed cannot be read: ${flagNamed(parsed.error)}.`);
  const ask = parsed.data;
  if (command === 'chain-verify-input') return writeInputs(ask.verify_input);
  if (command === 'chain-plan') {
    const { planOf } = await loadDeploy();
    const plan = planOf(ask.order, keyOf(ask, env), BigInt(Math.floor(systemClock.wallMs() / 1_000)));
    return { ...plan, max_fee_wei: String(await feeMaxOf(ask)) };
  }
  const inputs = ask.verify_input === undefined ? {} : await writeInputs(ask.verify_input);
  const max_fee_wei = String(await feeMaxOf(ask));
  if (ask.dry_run) return { ...(await dryRun(ask, env)), max_fee_wei, dry_run: true, ...inputs };
  return { ...(await deploy(ask, config, env)), max_fee_wei, dry_run: false, ...inputs };
}

async function feeMaxOf({ max_fee_wei }: ChainAsk): Promise<bigint> {
  const { FEE_MAX } = await loadDeploy();
  return max_fee_wei ?? FEE_MAX;
}

async function deploy(ask: ChainAsk, config: Config, env: NodeJS.ProcessEnv) {
  const rpcUrl = ask.rpc ?? config.CHAIN_RPC_URL[0];
  if (rpcUrl === undefined)
    throw new TallyError('INPUT_INVALID', 'Name the chain’s endpoint with --rpc, or in CHAIN_RPC_URL where it holds a key.');
  if (isClearText(rpcUrl) && !config.TALLY_INSECURE_HTTP)
    throw new TallyError(
      'INPUT_INVALID',
      '--rpc: what is asked and signed would cross the network in clear text. Use https, or set TALLY_INSECURE_HTTP=1.',
    );
  const folder = join(config.TALLY_DATA_DIR, 'chain');
  await ensurePrivateFolder(config.TALLY_DATA_DIR);
  await ensurePrivateFolder(folder);
  const { deployOrder } = await loadDeploy();
  const fileOf = (chainId: number) => ask.out ?? join(folder, `deployment-${chainId}.json`);
  return deployOrder(ask.order, keyOf(ask, env), rpcUrl, fileOf, await feeMaxOf(ask));
}

/** On a fresh chain of the network's own id, which ends with the command. */
async function dryRun(ask: ChainAsk, env: NodeJS.ProcessEnv) {
  const path = findFoundry('anvil', env['PATH'] ?? '');
  if (path === undefined) throw new TallyError('CHAIN_EMBEDDED_FAILED', `${NO_ANVIL}.`);
  const { networkOf, rehearse } = await loadDeploy();
  const chainId = networkOf(ask.order.network).chainIds[0] ?? 0;
  return untilSignal(async (signalled) => {
    const anvil = await startAnvil({ path, port: 0, chainId, state: null });
    try {
      const url = `http://127.0.0.1:${anvil.port}`;
      const prepare = async (deployer: string, asset: string | null) => {
        await call(url, 'anvil_impersonateAccount', [deployer]);
        await call(url, 'anvil_setBalance', [deployer, `0x${(10n ** 21n).toString(16)}`]);
        if (asset !== null) await call(url, 'anvil_setCode', [asset, ANSWERS_SIX]);
      };
      return await Promise.race([signalled, rehearse(ask.order, keyOf(ask, env), { rpc: url, prepare })]);
    } finally {
      await anvil.end();
    }
  });
}

/** A signal ends the work by its `finally`, or what it started would outlive it. @throws SHUTTING_DOWN */
async function untilSignal<T>(work: (signalled: Promise<never>) => Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => {});
  const stop = () => reject(new TallyError('SHUTTING_DOWN', 'A signal ended the command.'));
  for (const signal of SIGNALS) process.on(signal, stop);
  try {
    return await work(promise);
  } finally {
    for (const signal of SIGNALS) process.off(signal, stop);
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Stands in for the asset: whatever it is asked, it answers 6, as USDC does when it is asked for its decimals. */
const ANSWERS_SIX = '0x60065f5260205ff3';

/** Anvil's own methods answer null. */
async function call(url: string, method: string, params: readonly unknown[]): Promise<void> {
  await rpc(url, method, params);
}

/** One file for each contract that can be deployed. */
async function writeInputs(folder: string | undefined) {
  if (folder === undefined) throw new TallyError('INPUT_INVALID', 'The folder for the compiler’s inputs is missing.');
  try {
    await mkdir(folder, { recursive: true });
    const contracts: Record<string, string> = {};
    for (const name of DEPLOYABLES) {
      const { contract, input } = standardJson(name);
      await writeFile(join(folder, `${name}.json`), `${JSON.stringify(input)}\n`);
      contracts[name] = contract;
    }
    return { verify_input: folder, contracts };
  } catch (cause) {
    throw new TallyError('INPUT_INVALID', 'The folder for the compiler’s inputs cannot be written.', {}, { cause });
  }
}

function keyOf({ key_file, keystore, password_file }: ChainAsk, env: NodeJS.ProcessEnv) {
  return { text: env['TALLY_DEPLOYER_KEY'], keyFile: key_file, keystore, passwordFile: password_file };
}

/** As the command line has it. What was wrong in it could hold a key, and is not quoted. */
function flagNamed({ issues: [first] }: z.ZodError): string {
  const name = String(first?.path.at(-1) ?? '');
  const flag = FLAGS[name] ?? name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`).replaceAll('_', '-');
  return flag === '' ? 'it is no JSON object' : `--${flag}`;
}

const FLAGS: Readonly<Record<string, string>> = { launchAt: 'launch', max_fee_wei: 'max-fee' };

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
