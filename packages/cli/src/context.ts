import type { Command } from 'commander';
import { Client } from './client.ts';
import type { Exit } from './exit-codes.ts';
import { findDaemon } from './find-daemon.ts';
import type { Io } from './io.ts';
import { Output } from './output.ts';

/** What a command works with. */
export type Context = {
  readonly io: Io;
  readonly out: Output;
  readonly client: Client;
  /** --url, where it was given. */
  readonly url: string | undefined;
};

/** How the command ended, for who set it running. */
export type Ending = { exit: Exit };
export type Globals = { readonly json?: boolean; readonly url?: string };

/** Where commands are hung up: the program's io, and where they leave how they ended. */
export type Mount = { readonly io: Io; readonly ending: Ending };

type Work<A extends readonly unknown[]> = (context: Context, ...args: A) => Promise<Exit> | Promise<void>;

/** @returns a commander action: the command's own arguments and options, after a context made of the global ones. */
export function action<A extends readonly unknown[]>({ io, ending }: Mount, work: Work<A>) {
  return async (...all: unknown[]): Promise<void> => {
    const { json = false, url } = (all.at(-1) as Command).optsWithGlobals<Globals>();
    const context: Context = {
      io,
      out: new Output(io, json),
      url,
      // Looked for only by who needs one: what works offline must not fail on a setting that it has no use for.
      get client() {
        return new Client(io, findDaemon(io, url));
      },
    };
    const exit = await work(context, ...(all.slice(0, -1) as unknown as A));
    ending.exit = typeof exit === 'string' ? exit : 'ok';
  };
}
