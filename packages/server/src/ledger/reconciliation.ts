/** A provider's total for one source and a closed interval. Times: Unix ms, by the ledger's own clock; `to` is not part of it. */
export type ReconcileRequest = {
  readonly sourceId: string;
  readonly from: number;
  readonly to: number;
  readonly providerTotal: bigint;
  /** SHA-256 of the export, hex. */
  readonly exportHash: string;
  /** The provider's name of the key, '' where its export has none. */
  readonly keyRef: string;
  /** The donor's signature, '' where none was needed. */
  readonly consent: string;
  /** The most that may be given back, whatever else allows. */
  readonly returnMax: bigint;
  /** How long an interval must be over: exports lag. */
  readonly lagMs: number;
  /** How far the provider's clock and ours may be apart: calls so close to an edge may be counted on either side of it. */
  readonly edgeMs: number;
  /** Also take a frozen source into use again. */
  readonly resume: boolean;
};

/** One comparison with a provider, as the books keep it. Amounts are tokens. */
export type Reconciliation = {
  readonly sourceId: string;
  /** `total`: of all time up to `to`, on the operator's word. */
  readonly kind: 'interval' | 'total';
  readonly from: number;
  readonly to: number;
  readonly providerTotal: bigint;
  /** Settled in the interval. */
  readonly ours: bigint;
  /** Of calls that touch an edge of it. */
  readonly edge: bigint;
  /** Of calls wholly inside: what the provider itself reported with its answers. */
  readonly reported: bigint;
  /** Of calls wholly inside: what was spent because their outcome was not known. */
  readonly ambiguous: bigint;
  /** Given back, and added. */
  readonly returned: bigint;
  readonly added: bigint;
  readonly exportHash: string;
  readonly keyRef: string;
  readonly consent: string;
  readonly at: number;
};

/**
 * Why nothing is given back: `not_below` the provider's total is not below what calls inside are certain to have been posted ·
 * `incomplete` it is below what the provider's own answers reported, so the export leaves something out · `nothing_ambiguous` nothing was
 * posted for an unknown outcome · `settles_by_hold` the source gives nothing back by its giver's choice.
 */
export type NotReturned = 'not_below' | 'incomplete' | 'nothing_ambiguous' | 'settles_by_hold';

export type ReconcileResult = {
  readonly reconciliation: Reconciliation;
  readonly notReturned: NotReturned | null;
  readonly resumed: boolean;
};
