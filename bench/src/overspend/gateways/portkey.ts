import { OPENAI } from '../../dialects/openai.ts';
import { portkeyVersion, portkey as start } from '../../house/portkey.ts';
import type { Column, Gateway, Site } from '../gateway.ts';

/** As it ships. Its budgets belong to the hosted product: the gateway that npm carries has none. */
export const portkey: Column = {
  name: 'portkey',
  missing: () => null,
  open: async ({ house, upstreamPort }: Site): Promise<Gateway> => {
    let running = await start(house, upstreamPort, null);
    return {
      version: `Portkey ${portkeyVersion(null)}`,
      cap: null,
      way: ({ name, credential }) => {
        const { url, headers } = running.way(OPENAI, OPENAI.json.path);
        return { model: name, url, headers: { ...headers, ...OPENAI.keyHeader(credential) } };
      },
      crash: async () => {
        if (running.child !== null) await house.kill(running.child);
        running = await start(house, upstreamPort, null);
      },
      stop: async () => {
        if (running.child !== null) await house.stop(running.child);
      },
      spentOf: () => Promise.resolve(null),
    };
  },
};
