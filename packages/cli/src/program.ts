import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { archiveCommand } from './commands/archive.ts';
import { auditCommand } from './commands/audit.ts';
import { backupCommand, restoreCommand } from './commands/backup.ts';
import { callsCommand } from './commands/calls.ts';
import { chainCommand } from './commands/chain.ts';
import { clockCommand } from './commands/clock.ts';
import { doctorCommand } from './commands/doctor.ts';
import { hostCommand } from './commands/host.ts';
import { keyCommand } from './commands/key.ts';
import { donorCommand, guardianCommand } from './commands/people.ts';
import { poolCommand } from './commands/pool/pool.ts';
import { receiptCommand } from './commands/receipt.ts';
import { reconcileCommand } from './commands/reconcile.ts';
import { sourceCommand } from './commands/source.ts';
import { sandboxCommand, startCommand } from './commands/start.ts';
import type { Mount } from './context.ts';

/** The whole command line as a tree. What it prints itself (help, version) goes where the mount says. */
export function buildProgram(mount: Mount): Command {
  const { io } = mount;
  const program = new Command('tally')
    .description('The command line of Tallystick: an AI gateway with hard caps and signed receipts.')
    .version(version(), '-V, --version', 'print the version')
    .option('--json', 'print exactly one JSON document')
    .option('--url <url>', 'the daemon (else TALLY_URL, else daemon.json in the data folder, else http://127.0.0.1:8402)')
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', '\nExit codes and all commands: docs/reference/cli.md')
    .exitOverride()
    // Errors are printed by `run`, in the one form that all errors have.
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      outputError: () => {},
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
  const commands = [
    startCommand,
    sandboxCommand,
    sourceCommand,
    keyCommand,
    receiptCommand,
    reconcileCommand,
    poolCommand,
    donorCommand,
    guardianCommand,
    callsCommand,
    chainCommand,
    clockCommand,
    auditCommand,
    archiveCommand,
    backupCommand,
    restoreCommand,
    doctorCommand,
    hostCommand,
  ];
  for (const make of commands) program.addCommand(inherit(make(mount), program));
  return program;
}

/** `addCommand`, unlike `command`, leaves a command without its parent's settings. */
function inherit(command: Command, parent: Command): Command {
  command.copyInheritedSettings(parent);
  for (const child of command.commands) inherit(child, command);
  return command;
}

function version(): string {
  return (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }).version;
}
