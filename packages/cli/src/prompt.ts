import { createInterface } from 'node:readline/promises';
import { CliError } from './cli-error.ts';
import type { Io } from './io.ts';

const cancelled = () => new CliError('CANCELLED', 'Stopped at the prompt.', 'failure');

/** Reads one line from the terminal without showing it. Prompts go to standard error: standard output is for results. */
export async function promptHidden(io: Io, question: string): Promise<string> {
  const { stdin, stderr } = io;
  stderr.write(question);
  stdin.setRawMode?.(true);
  try {
    return await hiddenLine(stdin);
  } finally {
    stdin.setRawMode?.(false);
    stdin.pause();
    stderr.write('\n');
  }
}

async function hiddenLine(stdin: Io['stdin']): Promise<string> {
  let line = '';
  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => {
      stdin.off('data', take).off('end', left);
      settle();
    };
    const left = () => end(() => reject(cancelled()));
    const take = (chunk: Buffer | string) => {
      for (const char of chunk.toString('latin1')) {
        if (char === '\r' || char === '\n') return end(() => resolve(line));
        // Ctrl-C, and Ctrl-D on an empty line: raw mode leaves both to us.
        if (char === '\u{3}' || (char === '\u{4}' && line === '')) return left();
        line = char === '\u{7f}' || char === '\b' ? line.slice(0, -1) : line + char;
      }
    };
    stdin.on('data', take).once('end', left).resume();
  });
}

/** @returns whether a person at the terminal said yes; anything but `y` or `yes` is a no. */
export async function confirm(io: Io, question: string): Promise<boolean> {
  const lines = createInterface({ input: io.stdin, output: io.stderr });
  try {
    const closed = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
    return /^y(es)?$/i.test((await Promise.race([lines.question(`${question} [y/N] `), closed])).trim());
  } finally {
    lines.close();
  }
}
