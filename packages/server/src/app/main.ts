import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { TallyError } from '@tallystick/core';
import { type Config, loadConfig } from '#ground/config';
import { compareAnchor } from './anchor.ts';
import { verifyArchive } from './archive.ts';
import { backup, restore } from './backup.ts';
import { type Books, openBooks } from './books.ts';
import { chainCommand } from './chain/commands.ts';
import { auditVerify, doctor } from './doctor.ts';
import { joinHost } from './hosts.ts';
import { guardMemory } from './memory-guard.ts';
import { serve } from './serve.ts';
import { readyLine, welcome } from './welcome.ts';

/** `sysexits`-like: 78 configuration, 1 anything else. Documented in docs/reference/cli.md. */
const EXIT_CONFIG = 78;

/** What works on the data folder itself, with the daemon stopped. */
const OFFLINE: readonly string[] = ['restore', 'backup', 'doctor', 'audit-verify', 'archive-verify', 'host-join'];

/** What deploys contracts, or shows what would be deployed: it needs neither the books nor a daemon. */
const CHAIN: readonly string[] = ['chain-plan', 'chain-deploy', 'chain-verify-input'];

async function main(): Promise<void> {
  // Whatever is written is its owner's alone.
  process.umask(0o077);
  guardMemory();
  const options = {
    json: { type: 'boolean', default: false },
    workers: { type: 'string' },
    'no-chain': { type: 'boolean', default: false },
  } as const;
  const { values, positionals } = parseArgs({ allowPositionals: true, options });
  const command = positionals[0] ?? 'serve';
  const given = {
    ...(values.workers === undefined ? {} : { TALLY_WORKERS: values.workers }),
    ...(values['no-chain'] ? { TALLY_CHAIN: 'off' } : {}),
  };
  const config = loadConfig({ ...process.env, ...given }, process.cwd());
  const env = takeSecrets(process.env);
  const stdin = config.TALLY_MASTER_KEY === '-' ? process.stdin : null;
  if (CHAIN.includes(command)) {
    const done = await chainCommand(command, positionals[1] ?? '{}', config, env);
    process.stdout.write(`${JSON.stringify(done)}\n`);
  } else if (command === 'serve') await run(config, env, stdin, values.json);
  else process.stdout.write(`${JSON.stringify(await offline(command, positionals[1], config, env, stdin))}\n`);
}

/**
 * Secrets leave the environment before any child starts, so no child inherits one. The kernel's copy of what this process was started
 * with (/proc/PID/environ) cannot be wiped: its owner and root can read it, which is why a file or standard input is better.
 */
function takeSecrets(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const taken = { ...env };
  delete env['TALLY_MASTER_KEY'];
  delete env['TALLY_ADMIN_TOKEN'];
  delete env['DATABASE_URL'];
  delete env['CHAIN_RPC_URL'];
  delete env['TALLY_DEPLOYER_KEY'];
  return taken;
}

async function run(config: Config, env: NodeJS.ProcessEnv, stdin: NodeJS.ReadableStream | null, json: boolean): Promise<void> {
  const running = await serve(config, env, stdin);
  const chain = await running.chain.view();
  process.stdout.write(json ? `${readyLine(running, chain)}\n` : `${welcome(running, chain)}\n`);
  let stopping = false;
  const stop = () => {
    // A second signal does not wait: open holds are then burned at the next start.
    if (stopping) process.exit(1);
    stopping = true;
    running.stop().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

/** What works on the data folder itself, with the daemon stopped. */
async function offline(
  command: string,
  folder: string | undefined,
  config: Config,
  env: NodeJS.ProcessEnv,
  stdin: NodeJS.ReadableStream | null,
): Promise<unknown> {
  if (command === 'restore') return restore(config, folder ?? missing('restore'), env, stdin);
  if (command === 'host-join') return joinHost(config, folder ?? missing('host-join'), env, stdin);
  if (!OFFLINE.includes(command)) throw new TallyError('INPUT_INVALID', `There is no command ${command.slice(0, 32)}.`);
  if (config.DATABASE_URL === '' && !existsSync(join(config.TALLY_DATA_DIR, 'ledger.db')))
    throw new TallyError('NOT_FOUND', 'There are no books in the data folder.');
  const books = await openBooks(config, env, stdin);
  try {
    if (command === 'archive-verify') return await verifyArchive(books, resolve(folder ?? missing('archive-verify', 'file')));
    if (command === 'backup') return await backup({ ...books, config }, folder ?? missing('backup'));
    return command === 'doctor'
      ? await doctor(config, { ...books, anchorFindings: await offlineFindings(books) })
      : await auditVerify(books);
  } finally {
    await books.close();
  }
}

/** What a start would find. A vault that is shut compares nothing: the audit log's own findings say why. */
async function offlineFindings({ ledger, vault, isShared, findings }: Books): Promise<readonly string[]> {
  const compared = await compareAnchor(ledger, vault, isShared).catch((error: unknown) => {
    if (error instanceof TallyError && error.code === 'TAMPERED') return [];
    throw error;
  });
  return [...findings, ...compared.map(({ message }) => message)];
}

function missing(command: string, what = 'path'): never {
  throw new TallyError('INPUT_INVALID', `${command} needs a ${what}.`);
}

function fail(cause: unknown): never {
  const error =
    cause instanceof TallyError
      ? cause
      : new TallyError('INTERNAL', cause instanceof Error ? `The daemon failed: ${cause.name}.` : undefined);
  const { code, message, fix } = error;
  // The commands on the data folder are for programs (`tally` words them for people); only serving speaks to a person by itself.
  const machine = process.argv.includes('--json') || [...OFFLINE, ...CHAIN].some((command) => process.argv.includes(command));
  const text = machine ? JSON.stringify({ error: { code, message, fix } }) : `error ${code}: ${message} ${fix}`;
  process.stderr.write(`${text}\n`);
  process.exit(error.code === 'CONFIG_INVALID' || error.code === 'MASTER_KEY_INVALID' ? EXIT_CONFIG : 1);
}

// An unexpected fault ends the process: nothing is lost, open holds are burned at the next start. Its message could hold input, so it is not printed.
process.on('uncaughtException', fail);
process.on('unhandledRejection', fail);
main().catch(fail);
