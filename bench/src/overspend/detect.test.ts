import { describe, expect, it } from 'vitest';
import { House } from '../house/house.ts';
import { lotsOf } from './gateway.ts';
import { passthrough } from './gateways/passthrough.ts';
import { measure } from './measure.ts';
import { SCENARIOS } from './scenarios.ts';

const MS_MAX = 60_000;
/** The pass-through writes nothing down. */
const NONE = { afterwardsMs: 0, settleMs: 0 };

describe('the measuring', () => {
  it('finds tokens beyond the limit in every scenario where nothing stops them', { timeout: MS_MAX }, async () => {
    const house = new House();
    const { child: upstream, port } = await house.fork('counting');
    const lots = lotsOf(passthrough.name, SCENARIOS, 1);
    const gateway = await passthrough.open({ house, upstreamPort: port, lots });
    const { outcomes, inFlight, refusal } = await measure(gateway, upstream, lots, NONE, () => {});
    await gateway.stop();
    await house.stop(upstream);
    for (const scenario of SCENARIOS) expect(outcomes[scenario], scenario).toMatchObject([{ lost: 0, unknown: 0, isRefused: false }]);
    for (const scenario of SCENARIOS) expect(outcomes[scenario][0]?.overspent, scenario).toBeGreaterThan(0);
    expect(outcomes.race[0]?.billed).toBeGreaterThanOrEqual(16 * 1920);
    expect(inFlight).toEqual([3]);
    expect(refusal).toBeNull();
  });
});
