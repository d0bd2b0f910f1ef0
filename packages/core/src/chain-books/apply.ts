import { sessionChannels } from './channels.ts';
import { Entry, type Handlers } from './entry.ts';
import { oracleFaults, receiptFaults, usageReceipts } from './evidence.ts';
import {
  aiToken,
  aiTokenMinter,
  capabilityAuthority,
  chainRegistry,
  orderSettlement,
  paramGovernor,
  quorumVerifier,
} from './governance.ts';
import { migrationClaims, migrationManifest } from './migration.ts';
import { closeMoney, creditToken, creditVault, settlementTreasury } from './money.ts';
import { paymentEscrow, providerRegistry, stakeManager } from './providers.ts';
import type { ChainBooks, ChainContract, ChainEvent } from './types.ts';

/** What each event does to the books. An event without a handler (an approval, an authority that changed) is none of the books. */
export const CHAIN_HANDLERS: Readonly<Record<ChainContract, Handlers>> = {
  AIToken: aiToken,
  AITokenMinter: aiTokenMinter,
  CapabilityAuthority: capabilityAuthority,
  ChainRegistry: chainRegistry,
  CreditToken: creditToken,
  CreditVault: creditVault,
  MigrationClaims: migrationClaims,
  MigrationManifest: migrationManifest,
  OracleFaults: oracleFaults,
  OrderSettlement: orderSettlement,
  ParamGovernor: paramGovernor,
  PaymentEscrow: paymentEscrow,
  ProviderRegistry: providerRegistry,
  QuorumVerifier: quorumVerifier,
  ReceiptFaults: receiptFaults,
  SessionChannels: sessionChannels,
  SettlementTreasury: settlementTreasury,
  StakeManager: stakeManager,
  UsageReceipts: usageReceipts,
};

/**
 * Enters all events of some whole blocks, in order. Totals in the events are compared with what follows from the events before; what differs
 * stands in `mismatches`, and the books go on with what the event says.
 */
export function enterChainEvents(books: ChainBooks, events: readonly ChainEvent[]): void {
  let last: ChainEvent | null = null;
  for (const event of events) {
    if (last !== null && last.block !== event.block) closeMoney(new Entry(books, last));
    const entry = new Entry(books, event);
    if (last !== null && !isAfter(event, last)) entry.wrong('order', 'after the event before it', `${event.block}/${event.index}`);
    CHAIN_HANDLERS[event.contract][event.name]?.(entry);
    books.events += 1n;
    last = event;
  }
  if (last !== null) closeMoney(new Entry(books, last));
}

function isAfter(event: ChainEvent, last: ChainEvent): boolean {
  return event.block > last.block || (event.block === last.block && event.index > last.index);
}
