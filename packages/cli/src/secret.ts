import { usage } from './cli-error.ts';
import type { Io } from './io.ts';
import { readBytes, readStdin } from './parse.ts';
import { promptHidden } from './prompt.ts';

/** The daemon takes keys of up to 4096 characters; a few more for the line's end. */
const SECRET_BYTES_MAX = 4100;
/** After this silence a person who expected a prompt is told what is being waited for. */
const HINT_MS = 3000;

/**
 * A secret from a file (`-`: standard input), from what is piped in, or from a prompt that does not echo. Never from an argument:
 * arguments stand in the shell's history and in the process list, where every user of the machine can read them.
 */
export async function readSecret(io: Io, file: string | undefined, what: string): Promise<string> {
  const text = await read(io, file, what);
  // An editor or `echo` ends the line; anything else inside is the daemon's to refuse.
  return text.replace(/\r?\n$/, '');
}

async function read(io: Io, file: string | undefined, what: string): Promise<string> {
  if (file !== undefined && file !== '-') return readBytes(io, file, `the ${what}`, SECRET_BYTES_MAX).toString('latin1');
  if (file === undefined && io.stdin.isTTY === true) return promptHidden(io, `${what} (not shown): `);
  const hint = setTimeout(() => io.stderr.write(`waiting for the ${what} on standard input\n`), HINT_MS);
  try {
    return (await readStdin(io, `the ${what}`, SECRET_BYTES_MAX)).toString('latin1');
  } finally {
    clearTimeout(hint);
  }
}

export function needed(secret: string, what: string): string {
  if (secret === '') throw usage(`The ${what} is empty.`, 'Pipe it in, or name a file that holds it.');
  return secret;
}
