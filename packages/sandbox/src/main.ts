import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startSandbox } from './sandbox.ts';

const USAGE = 'usage: node packages/sandbox/src/main.ts --data DIR [--port 0] [--host 127.0.0.1] [--exit-with-parent]\n';

/** After the parent's death: time in which requests that it had already sent still arrive and are counted, ms. */
const ORPHAN_SETTLE_MS = 200;
/** After a signal: time in which answers under way may end, ms. */
const GRACE_MS = 2_000;

async function main(): Promise<void> {
  const options = readOptions();
  const sandbox = await startSandbox({ port: options.port, host: options.host, dataDir: options.data });
  let stopping = false;
  const stop = async (settleMs: number, graceMs: number) => {
    if (stopping) return;
    stopping = true;
    await sleep(settleMs);
    await sandbox.close(graceMs);
    process.exit(0);
  };
  process.once('SIGTERM', () => void stop(0, GRACE_MS));
  process.once('SIGINT', () => void stop(0, GRACE_MS));
  if (options.exitWithParent) {
    // The parent holds the other end of stdin: the kernel closes it even when the parent is killed outright.
    const orphaned = () => void stop(ORPHAN_SETTLE_MS, 0);
    process.stdin.once('end', orphaned).once('close', orphaned).once('error', orphaned).resume();
  }
  // A reader that has left must not stop the sandbox before its own signal does.
  process.stdout.on('error', () => undefined);
  process.stderr.on('error', () => undefined);
  process.stdout.write(`${JSON.stringify({ event: 'sandbox.ready', url: sandbox.url, pid: process.pid })}\n`);
}

function readOptions() {
  const text = (otherwise?: string) => ({ type: 'string', ...(otherwise === undefined ? {} : { default: otherwise }) }) as const;
  const { values } = parseArgs({
    options: { port: text('0'), host: text('127.0.0.1'), data: text(), 'exit-with-parent': { type: 'boolean', default: false } },
  });
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`--port must be 0 to 65535, not '${values.port}'`);
  if (values.data === undefined || values.data === '') throw new Error('--data DIR is needed: the count is kept there');
  return { port, host: values.host as string, data: values.data, exitWithParent: values['exit-with-parent'] };
}

main().catch((error: unknown) => {
  process.stderr.write(`sandbox: ${error instanceof Error ? error.message : 'failed'}\n${USAGE}`);
  process.exit(1);
});
