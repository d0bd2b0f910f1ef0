/**
 * Who may call what: the one table that deployment wires and the documentation prints. A function that does not stand here is open to whom its contract says.
 * Ids are those of `src/libraries/Roles.sol`.
 *
 * Nobody holds the AccessManager's own ADMIN role (id 0) once a deployment is done, so which role a function needs can never change, and a target can neither be
 * closed nor given another authority. The GOVERNOR is the admin of every role, behind its delay. It has no guardian in the AccessManager: the GUARDIAN can withdraw
 * proposed parameters, but could otherwise veto its own removal for good.
 */
export type Role = 'GOVERNOR' | 'GUARDIAN' | 'ARBITER' | 'REGISTRAR' | 'PROPOSER';

type RoleEntry = {
  /** In the AccessManager. */
  readonly id: bigint;
  /** What its holder waits between scheduling a call and making it; 0: it acts at once. */
  readonly delay_s: number;
  readonly what: string;
};

const DAY_S = 86_400;

export const ROLES: Readonly<Record<Role, RoleEntry>> = {
  GOVERNOR: {
    id: 1n,
    delay_s: 2 * DAY_S,
    what: 'Changes parameters, splits, venues, oracle sets and addresses, and grants roles. Acts after its delay only.',
  },
  GUARDIAN: {
    id: 2n,
    delay_s: 0,
    what: 'Pauses entry at once and withdraws proposed parameters. Can neither move value nor block an exit.',
  },
  ARBITER: {
    id: 3n,
    delay_s: 0,
    what: 'Decides appealed slashes, dismisses wrong ones, suspends providers for a bounded time.',
  },
  REGISTRAR: { id: 4n, delay_s: 0, what: 'Certifies the level of providers and admits issuers of capabilities.' },
  PROPOSER: { id: 5n, delay_s: 0, what: 'Proposes slashes of subjective faults. Proposing takes nothing.' },
};

/** `or`: who else may call it; the contract then asks the AccessManager itself instead of by `restricted`. It is wired all the same. */
export type Grant = { readonly role: Role; readonly or?: string };

/** Contract → function → role. Names are unique within a contract's interface; selectors follow from the ABI. */
export const FUNCTION_ROLES: Readonly<Record<string, Readonly<Record<string, Grant>>>> = {
  ChainRegistry: { deploy: { role: 'GOVERNOR' } },
  ParamGovernor: {
    propose: { role: 'GOVERNOR' },
    withdraw: { role: 'GUARDIAN', or: 'the GOVERNOR, at once' },
    pause: { role: 'GUARDIAN' },
    resume: { role: 'GUARDIAN', or: 'the GOVERNOR, at once' },
  },
  CreditToken: { setVenue: { role: 'GOVERNOR' } },
  SettlementTreasury: { setSplit: { role: 'GOVERNOR' }, setBeneficiary: { role: 'GOVERNOR' } },
  QuorumVerifier: { rotate: { role: 'GOVERNOR' }, admitScheme: { role: 'GOVERNOR' } },
  ProviderRegistry: { certify: { role: 'REGISTRAR' }, suspend: { role: 'ARBITER' }, reinstate: { role: 'ARBITER' } },
  CapabilityAuthority: { admitIssuer: { role: 'REGISTRAR' }, removeIssuer: { role: 'REGISTRAR', or: 'the issuer itself' } },
  StakeManager: {
    proposeSlash: { role: 'PROPOSER' },
    decide: { role: 'ARBITER' },
    dismiss: { role: 'ARBITER', or: 'anyone, once an appeal was left undecided' },
  },
  PaymentEscrow: {
    proposeSlash: { role: 'PROPOSER' },
    decide: { role: 'ARBITER' },
    dismiss: { role: 'ARBITER', or: 'anyone, once an appeal was left undecided' },
  },
  OrderSettlement: { setFee: { role: 'GOVERNOR' }, admitToken: { role: 'GOVERNOR' } },
  MigrationManifest: {
    freeze: { role: 'GOVERNOR' },
    rollback: { role: 'GOVERNOR', or: 'anyone, once it was frozen for `FROZEN_MAX`' },
    seal: { role: 'GOVERNOR' },
  },
  MigrationClaims: { freeze: { role: 'GOVERNOR' }, rollback: { role: 'GOVERNOR' }, reclaim: { role: 'GOVERNOR' } },
};
