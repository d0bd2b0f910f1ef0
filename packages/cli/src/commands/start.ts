import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { misconfigured, usage } from '../cli-error.ts';
import { action, type Context, type Mount } from '../context.ts';
import { dataDir } from '../settings.ts';

const SANDBOX_PORT = '8403';

export function startCommand(mount: Mount): Command {
  return new Command('start')
    .description('run the daemon here, until it is stopped (--json: one line when it is ready)')
    .action(
      action(mount, async (context: Context) => become(context, [context.io.mains.daemon(), ...(context.out.json ? ['--json'] : [])])),
    );
}

export function sandboxCommand(mount: Mount): Command {
  return new Command('sandbox')
    .description('run the sandbox upstream alone: simulated answers, no account (the daemon starts its own)')
    .option('--port <port>', 'port to listen on; 0 takes a free one', SANDBOX_PORT)
    .option('--data <folder>', 'where it keeps its count (default: sandbox-alone in the data folder)')
    .action(
      action(mount, async (context: Context, options: { port: string; data?: string }) => {
        const { io } = context;
        if (!/^\d{1,5}$/.test(options.port) || Number(options.port) > 65_535) throw usage('--port must be from 0 to 65535.');
        const data = options.data === undefined ? join(dataDir(io), 'sandbox-alone') : resolve(io.cwd, options.data);
        // Made here, so that a data folder that starts with it has the mode that the daemon insists on.
        mkdirSync(data, { recursive: true, mode: 0o700 });
        become(context, [io.mains.sandbox(), '--port', options.port, '--data', data]);
      }),
    );
}

/**
 * The command becomes the program: no parent is left that could die first, lose a signal or pass it on twice.
 * (A terminal's Ctrl-C reaches a whole group, and the daemon takes a second signal as "do not wait".)
 */
function become({ io }: Context, args: readonly string[]): never {
  io.replace(args);
  throw misconfigured('This platform cannot replace a process by another.', 'Run `npm start` in the repository instead.');
}
