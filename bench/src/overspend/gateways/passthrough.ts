import type { ChildProcess } from 'node:child_process';
import { OPENAI } from '../../dialects/openai.ts';
import type { Column, Gateway, Lot, Site } from '../gateway.ts';

/** No gateway at all, but a process between: what a caller can spend whom nobody stops. It shows that the measuring finds it. */
export const passthrough: Column = {
  name: 'pass-through',
  missing: () => null,
  open: async ({ house, upstreamPort }: Site): Promise<Gateway> => {
    const start = () => house.fork('passthrough', [`http://127.0.0.1:${upstreamPort}`]);
    let running: { child: ChildProcess; port: number } = await start();
    return {
      version: 'pass-through',
      cap: null,
      way: ({ name, credential }: Lot) => ({
        model: name,
        url: `http://127.0.0.1:${running.port}/v1/chat/completions`,
        headers: OPENAI.keyHeader(credential),
      }),
      crash: async () => {
        await house.kill(running.child);
        running = await start();
      },
      stop: () => house.stop(running.child),
      spentOf: () => Promise.resolve(null),
    };
  },
};
