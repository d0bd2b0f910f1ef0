import { expect, it } from 'vitest';
import { countedBy, openMetrics, sumOf } from './metrics.ts';

it('of several processes are their sums, and those of one that has ended but for what it was at', async () => {
  const [a, b] = [openMetrics(), openMetrics()];
  a.calls.inc({ endpoint: 'chat', outcome: 'ok' }, 2);
  b.calls.inc({ endpoint: 'chat', outcome: 'ok' }, 3);
  b.calls.inc({ endpoint: 'chat', outcome: 'CAP_BUSY' });
  a.inFlight.set(4);
  b.inFlight.set(5);
  a.hold.observe(0.003);
  b.hold.observe(0.03);
  const [ofA, ofB] = await Promise.all([a, b].map(({ registry }) => registry.getMetricsAsJSON()));
  if (ofA === undefined || ofB === undefined) throw new Error('no metrics');
  const both = await sumOf([ofA, ofB]).metrics();
  expect(both).toContain('tally_calls_total{endpoint="chat",outcome="ok"} 5');
  expect(both).toContain('tally_calls_total{endpoint="chat",outcome="CAP_BUSY"} 1');
  expect(both).toContain('tally_calls_in_flight 9');
  expect(both).toContain('tally_ledger_hold_duration_seconds_count 2');
  expect(both).toContain('tally_ledger_hold_duration_seconds_bucket{le="0.005"} 1');
  const ended = await sumOf([[], countedBy(ofA)]).getMetricsAsJSON();
  const after = await sumOf([ended, ofB]).metrics();
  expect(after).toContain('tally_calls_total{endpoint="chat",outcome="ok"} 5');
  expect(after).toContain('tally_calls_in_flight 5');
});
