import type { Books } from '../books.ts';
import type { BatchOp, QueuedOp } from '../protocol.ts';
import type { Plan } from './fetch.ts';
import { recordName } from './unit.ts';

/** What these operations will read. What is forgotten here is fetched when it is asked for. */
export function planOf(books: Pick<Books, 'open'>, ops: readonly QueuedOp<BatchOp>[]): Plan {
  const accounts = new Set<string>();
  const proofs = new Set<string>();
  const idempotency = new Map<string, readonly [string, string, string]>();
  const records = new Map<string, readonly [string, string]>();
  const holdIds: string[] = [];
  const reservations = new Set<string>();
  const ends: string[] = [];
  let places = 0;
  let stops = false;
  for (const { op } of ops) {
    if (op.kind === 'hold') {
      places += 1;
      holdIds.push(op.body.holdId);
      for (const { accountId } of op.body.lines) accounts.add(accountId);
      if (op.body.within !== undefined) reservations.add(op.body.within);
      if (op.body.idempotency !== undefined) {
        const { route, key } = op.body.idempotency;
        idempotency.set([op.body.keyId, route, key].join('\n'), [op.body.keyId, route, key]);
      }
    } else if (op.kind === 'settle') {
      holdIds.push(op.body.holdId);
      const open = books.open.get(op.body.holdId);
      for (const { accountId } of open?.request.lines ?? []) accounts.add(accountId);
      if (open?.request.within !== undefined) reservations.add(open.request.within);
    } else if (op.kind === 'reserve') {
      reservations.add(op.body.reservationId);
      for (const { accountId } of op.body.lines) accounts.add(accountId);
    } else if (op.kind === 'endReservation') {
      reservations.add(op.body.reservationId);
      ends.push(op.body.reservationId);
    } else if (op.kind === 'setLimit' || op.kind === 'setState' || op.kind === 'account' || op.kind === 'raiseOpensAt')
      accounts.add(op.body.accountId);
    else if (op.kind === 'standing') for (const id of op.body.accountIds) accounts.add(id);
    else if (op.kind === 'reconcile') accounts.add(op.body.request.sourceId);
    else if (op.kind === 'setStop') stops = true;
    else if (op.kind === 'writeRecords') for (const { kind, id } of op.body) records.set(recordName(kind, id), [kind, id]);
    else for (const { id } of opened(op)) proofs.add(id);
  }
  return {
    accounts: [...accounts, ...proofs].sort(),
    proofs: [...proofs],
    idempotency: [...idempotency.values()],
    records: [...records.values()],
    holdIds,
    reservations: [...reservations].sort(),
    ends,
    places,
    stops,
  };
}

function opened(op: BatchOp): readonly { readonly id: string }[] {
  if (op.kind === 'openAccount') return [op.body];
  return op.kind === 'addSource' || op.kind === 'addKey' ? op.body.accounts : [];
}
