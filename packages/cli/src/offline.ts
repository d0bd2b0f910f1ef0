import { spawn } from 'node:child_process';
import { CliError, exitOf } from './cli-error.ts';
import { type Io, NODE_FLAGS } from './io.ts';

export type OfflineCommand =
  | 'archive-verify'
  | 'audit-verify'
  | 'backup'
  | 'chain-deploy'
  | 'chain-plan'
  | 'chain-verify-input'
  | 'doctor'
  | 'host-join'
  | 'restore';

/**
 * Runs the daemon's program on the data folder, with no daemon up: it takes the folder's lock, so two can never meet.
 * @returns what it printed, parsed. @throws CliError with its own code.
 */
export async function offline<T>(io: Io, command: OfflineCommand, folder?: string): Promise<T> {
  const args = [...NODE_FLAGS, io.mains.daemon(), command, ...(folder === undefined ? [] : ['--', folder])];
  // Standard input is handed on: the master key's phrase may come from there.
  const child = spawn(process.execPath, args, { cwd: io.cwd, env: io.env as NodeJS.ProcessEnv, stdio: ['inherit', 'pipe', 'pipe'] });
  const forward = (signal: NodeJS.Signals) => void child.kill(signal);
  process.once('SIGTERM', forward).once('SIGINT', forward);
  const [out, err, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve)),
  ]).finally(() => process.off('SIGTERM', forward).off('SIGINT', forward));
  if (code === 0) return JSON.parse(out) as T;
  throw failure(err, code);
}

async function text(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/** Its last line is the error; lines before it are its log. */
function failure(stderr: string, code: number | null): CliError {
  for (const line of stderr.trim().split('\n').reverse()) {
    try {
      const { error } = JSON.parse(line) as { error?: { code?: unknown; message?: unknown; fix?: unknown } };
      if (typeof error?.code !== 'string') continue;
      return new CliError(error.code, String(error.message), exitOf(error.code), String(error.fix ?? ''));
    } catch {
      // Not JSON, so not the error.
    }
  }
  return new CliError(
    'INTERNAL',
    `The daemon’s program ended ${code === null ? 'by a signal' : `with ${code}`} and gave no reason.`,
    'failure',
    '',
  );
}
