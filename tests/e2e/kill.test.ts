import { describe, expect, it } from 'vitest';
import { eventually } from '../support/calling.ts';
import { startDaemon } from '../support/daemon.ts';
import { killUnderLoad } from '../support/kills.ts';
import { childrenOf, isRunning } from '../support/processes.ts';

describe('kill -9 under load', () => {
  it('four times at random moments: no overspend, no open hold, every receipt verifies, and the cap still ends it', async () => {
    const seen = await killUnderLoad({ kills: 4, callers: 8, cap: 120_000, seed: 7, receiptsMax: 60 });
    expect(seen.answered).toBeGreaterThan(0);
  });

  it('leaves no orphan: the daemon’s own sandbox ends with it', async () => {
    const daemon = await startDaemon();
    try {
      const children = childrenOf(daemon.pid);
      expect(children).toHaveLength(1);
      await daemon.stop('SIGKILL');
      await eventually('the sandbox child ended', async () => !children.some(isRunning));
    } finally {
      await daemon.dispose();
    }
  });
});
