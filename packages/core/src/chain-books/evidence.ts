import type { Entry, Handlers } from './entry.ts';

export const usageReceipts: Handlers = {
  LaneRegistered: (e) => {
    const laneId = e.hex('laneId');
    if (e.books.lanes.has(laneId)) e.wrong('lane', 'new', laneId);
    e.books.lanes.set(laneId, {
      gatewayId: e.hex('gatewayId'),
      index: e.big('index'),
      perReceiptMint: e.flag('perReceiptMint'),
      nextSeq: 1n,
      closed: false,
      signers: [{ signer: e.hex('signer'), from: 1n }],
    });
  },
  SignerRotated: (e) => {
    const lane = e.row(e.books.lanes, e.hex('laneId'), 'lane');
    if (lane === null) return;
    if (e.big('from') < lane.nextSeq) e.wrong('range', `from ${lane.nextSeq} on`, String(e.big('from')));
    // A range that would begin at or after the new one never held.
    lane.signers = [...lane.signers.filter(({ from }) => from < e.big('from')), { signer: e.hex('signer'), from: e.big('from') }];
  },
  LaneWasClosed: (e) => {
    const lane = e.row(e.books.lanes, e.hex('laneId'), 'lane');
    if (lane === null) return;
    e.same('nextSeq', lane.nextSeq, e.big('nextSeq'));
    lane.closed = true;
  },
  BatchPosted: (e) => {
    const [batchId, laneId, seqFrom, seqTo] = [e.hex('batchId'), e.hex('laneId'), e.big('seqFrom'), e.big('seqTo')];
    const lane = e.row(e.books.lanes, laneId, 'lane');
    if (lane !== null) {
      e.same('seqFrom', lane.nextSeq, seqFrom);
      if (lane.closed) e.wrong('lane', 'open', laneId);
      lane.nextSeq = seqTo + 1n;
    }
    e.same('count', seqTo - seqFrom + 1n, e.big('count'));
    if (e.books.batches.has(batchId)) e.wrong('batch', 'new', batchId);
    e.books.batches.set(batchId, {
      laneId,
      root: e.hex('root'),
      dataHash: e.hex('dataHash'),
      epoch: e.big('epoch'),
      count: e.big('count'),
      total: e.big('total'),
      seqFrom,
      seqTo,
      finalAt: e.big('finalAt'),
      state: 'posted',
    });
  },
  BatchFinal: (e) => settle(e, 'final'),
  BatchFaulty: (e) => settle(e, 'faulty'),
};

function settle(e: Entry, state: 'final' | 'faulty'): void {
  const batch = e.row(e.books.batches, e.hex('batchId'), 'batch');
  if (batch === null) return;
  e.same('state', 'posted', batch.state);
  batch.state = state;
}

function proven(e: Entry): void {
  const proof = e.hex('proof');
  if (e.books.proofs.has(proof)) e.wrong('proof', 'new', proof);
  e.books.proofs.set(proof, { laneId: e.hex('laneId'), slashId: e.hex('slashId') });
}

export const receiptFaults: Handlers = { FaultProven: proven };

export const oracleFaults: Handlers = { OracleFaultProven: proven };
