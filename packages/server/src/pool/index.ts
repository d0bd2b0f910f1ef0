/** The donation pool: what it keeps, beside the books. */
export type { DonatedSources, DonationDeps, Probed, Prober } from './donations/deps.ts';
export { DONATION_KIND, type Donation, type DonationState, limitOf, type StoredDonation } from './donations/donation.ts';
export { Donations } from './donations/donations.ts';
export { type Gift, parse, readGift, wordSchema } from './donations/input.ts';
export type { Hand, Lowering } from './donations/life.ts';
export { type BuiltIns, modelsAt, Providers } from './donations/providers.ts';
export { type DonationView, stateOf } from './donations/view.ts';
export type { DonorAccount } from './donors/accounts.ts';
export { accountDonor, type Donor, isWallet } from './donors/donor.ts';
export type { Credentials, DonorAuth, WalletWord } from './donors/donor-auth.ts';
export { signingView } from './donors/signing.ts';
export { CHOICES, type Choice } from './governance/ballots.ts';
export { Breaches, type BreachView } from './governance/breaches.ts';
export { Guardians, type GuardianView } from './governance/guardians.ts';
export { configuredLaunch, FirstStart, readLaunch } from './governance/launch.ts';
export { Lockout } from './governance/lockout.ts';
export { OutboxFollower } from './governance/outbox-follower.ts';
export { type Proposal, Proposals } from './governance/proposals.ts';
export { readScope, type Scope } from './governance/scopes.ts';
export { Stops, type StopView } from './governance/stops.ts';
export { Voices } from './governance/voices.ts';
export { GiftPower } from './governance/vote-power.ts';
export { Helped } from './status/helped.ts';
export { BookStandings } from './status/standings.ts';
export { StatusReader } from './status/status-reader.ts';
export { amount, Store, type Stored, writeTogether } from './store.ts';
export type { TaskDeps, TaskLimits } from './tasks/deps.ts';
export { POOL_DIALECTS } from './tasks/dialects/dialects.ts';
export { gatewayError } from './tasks/dialects/event.ts';
export { SseData } from './tasks/dialects/sse.ts';
export type {
  Approval,
  Budgets,
  CallEvent,
  CallRequest,
  Calls,
  DialectName,
  Keys,
  NotReserved,
  PoolKey,
  Reservations,
  Settled,
  Watch,
} from './tasks/ports.ts';
export { ContentSeal } from './tasks/seal.ts';
export { SWITCH_KIND, TASK_KIND, TaskBooks } from './tasks/task-books.ts';
export { placeText, readPlace, type TaskEvent, TaskEvents } from './tasks/task-events.ts';
export { Tasks, type TaskView } from './tasks/tasks.ts';
export type { Share, Switch, Task, TaskMode, TaskOrder, TaskState, TaskText, Turn } from './tasks/types.ts';
export { isEnded, isSimulated, TASK_STATES } from './tasks/types.ts';
