import { AggregatorRegistry, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** What the daemon counts about itself. Labels are closed sets: never a key, a prompt or an id. */
export type Metrics = ReturnType<typeof openMetrics>;

const SECONDS = [0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5];
const LONG_SECONDS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];

export function openMetrics() {
  const registry = new Registry();
  const registers = [registry];
  return {
    registry,
    calls: new Counter({
      name: 'tally_calls_total',
      help: 'Calls by endpoint and outcome code.',
      labelNames: ['endpoint', 'outcome'],
      registers,
    }),
    retries: new Counter({
      name: 'tally_call_retries_total',
      help: 'Attempts that were provably not billed and were followed by another, by endpoint and the code they failed with.',
      labelNames: ['endpoint', 'outcome'],
      registers,
    }),
    replays: new Counter({
      name: 'tally_replays_total',
      help: 'Answers kept for retries: kept, not_kept (too large, or no room), replayed, unreadable (the seal does not open).',
      labelNames: ['event'],
      registers,
    }),
    inFlight: new Gauge({ name: 'tally_calls_in_flight', help: 'Calls being served.', registers }),
    overhead: new Histogram({
      name: 'tally_gateway_overhead_seconds',
      help: 'Time from the request’s arrival to its first byte upstream.',
      buckets: SECONDS,
      registers,
    }),
    hold: new Histogram({
      name: 'tally_ledger_hold_duration_seconds',
      help: 'Time for a hold to be durable.',
      buckets: SECONDS,
      registers,
    }),
    openHolds: new Gauge({ name: 'tally_ledger_open_holds', help: 'Holds that are open.', registers }),
    overrun: new Counter({ name: 'tally_overrun_total', help: 'Calls billed beyond the limit that the upstream was sent.', registers }),
    reconciliation: new Gauge({
      name: 'tally_reconciliation_difference',
      help: 'Tokens by which the provider’s total was above the books (below: negative) in the last interval that was reconciled.',
      registers,
    }),
    receiptLag: new Histogram({
      name: 'tally_receipt_lag_seconds',
      help: 'Time from settlement to signed receipt.',
      buckets: SECONDS,
      registers,
    }),
    tokens: new Counter({
      name: 'gen_ai_client_token_usage',
      help: 'Billable tokens by type.',
      labelNames: ['gen_ai_token_type', 'gen_ai_system'],
      registers,
    }),
    duration: new Histogram({
      name: 'gen_ai_client_operation_duration_seconds',
      help: 'Duration of whole calls.',
      labelNames: ['gen_ai_operation_name', 'gen_ai_system'],
      buckets: LONG_SECONDS,
      registers,
    }),
  };
}

/** What a process has counted, as it crosses to another. */
export type MetricsJson = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;

/** Several processes' metrics as one: each value is the sum of theirs. */
export function sumOf(all: readonly MetricsJson[]): Registry {
  return AggregatorRegistry.aggregate([...all]);
}

/** What stays true of a process that has ended: what it has counted, not what it was at. */
export function countedBy(metrics: MetricsJson): MetricsJson {
  return metrics.filter(({ type }) => String(type) !== 'gauge');
}
