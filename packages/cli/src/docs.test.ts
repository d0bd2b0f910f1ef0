import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { CLI_ERRORS } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import type { Io } from './io.ts';
import { buildProgram } from './program.ts';

const page = readFileSync(join(import.meta.dirname, '../../../docs/reference/cli.md'), 'utf8');
const rows = (pattern: RegExp) => [...page.matchAll(pattern)].map(([, ...cells]) => cells as string[]);

/** `tally source show <id>` with its own long options, for every command that does something. */
function commandsOf(command: Command, path = 'tally'): [string, string[]][] {
  const below = command.commands.flatMap((child) => commandsOf(child, `${path} ${child.name()}`));
  // One that takes an argument or an option does something itself, beside what its children do.
  const takes = command.registeredArguments.length > 0 || (command.parent !== null && command.options.length > 0);
  if (below.length > 0 && !takes) return below;
  const args = command.registeredArguments.map((argument) => ` <${argument.name()}>`);
  return [[path + args.join(''), command.options.map(({ long }) => long ?? '').sort()], ...below];
}

test('the page lists every command with its options, and none that does not exist', () => {
  const program = buildProgram({ io: {} as Io, ending: { exit: 'ok' } });
  const documented = rows(/^\| `(tally [^`]+)` \| ([^|]*) ?\|/gm).map(([name = '', options = '']) => [
    name,
    [...options.matchAll(/--[\w-]+/g)].map(String).sort(),
  ]);
  expect(documented.length).toBeGreaterThan(15);
  expect(Object.fromEntries(documented)).toEqual(Object.fromEntries(commandsOf(program)));
});

test('the page lists every exit code with its meaning, and no other', () => {
  const documented = rows(/^\| `(\d+)` \| (.*) \|$/gm);
  expect(documented).toEqual(Object.values(EXIT).map(({ code, meaning }) => [String(code), meaning]));
});

test('the page lists every error code of the command line with its advice, and no other', () => {
  expect(rows(/^\| `([A-Z_]+)` \| (.*) \|$/gm)).toEqual(Object.entries(CLI_ERRORS));
});
