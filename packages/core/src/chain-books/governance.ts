import type { Hex } from '../receipt/types.ts';
import { add, type Handlers } from './entry.ts';
import { transfer, ZERO_ADDRESS } from './money.ts';

export const paramGovernor: Handlers = {
  ParamProposed: (e) => void e.books.params.proposed.set(e.hex('key'), { value: e.big('value'), readyAt: e.big('readyAt') }),
  ParamWithdrawn: (e) => void e.books.params.proposed.delete(e.hex('key')),
  ParamEnacted: (e) => {
    const { params } = e.books;
    const known = params.values.get(e.hex('key'));
    if (known !== undefined) e.same('value before', known, e.big('before'));
    params.values.set(e.hex('key'), e.big('value'));
    params.proposed.delete(e.hex('key'));
  },
  Paused: (e) => {
    e.books.params.pausedUntil = e.big('until');
  },
  // From when on it is open is the block's time, which no event says: 0 stands for "open".
  Resumed: (e) => {
    e.books.params.pausedUntil = 0n;
  },
};

export const quorumVerifier: Handlers = {
  SchemeAdmitted: (e) => void e.books.quorum.schemes.set(e.hex('scheme'), e.flag('admitted')),
  KeyRegistered: (e) => void e.books.quorum.keys.set(`${e.hex('operator')}:${e.hex('scheme')}`, e.hex('key')),
  EpochOpened: (e) => {
    const { quorum } = e.books;
    const epoch = e.big('epoch');
    e.same('epoch', quorum.current + 1n, epoch);
    quorum.current = epoch;
    quorum.epochs.set(epoch, {
      scheme: e.hex('scheme'),
      keysPointer: e.hex('keysPointer'),
      operators: e.hexes('operators'),
      validUntil: 0n,
      struck: 0n,
    });
  },
  EpochReviewed: (e) => {
    const row = e.row(e.books.quorum.epochs, e.big('epoch'), 'epoch');
    if (row !== null) row.struck = e.big('struck');
  },
  EpochClosed: (e) => {
    const row = e.row(e.books.quorum.epochs, e.big('epoch'), 'epoch');
    if (row !== null) row.validUntil = e.big('validUntil');
  },
};

export const aiTokenMinter: Handlers = {
  ModeDeclared: (e) => void e.books.mints.modes.set(e.hex('providerId'), e.big('mode')),
  TermsSet: (e) => {
    const terms = { rate: e.big('rate'), cap: e.big('cap'), feesBps: e.big('feesBps') };
    e.books.mints.terms.set(`${e.hex('providerId')}:${e.big('epoch')}`, terms);
  },
  Minted: (e) => {
    const { minted, used } = e.books.mints;
    const key = `${e.hex('providerId')}:${e.big('epoch')}`;
    e.same('minted', (minted.get(key) ?? 0n) + e.big('amount'), e.big('minted'));
    minted.set(key, e.big('minted'));
    const receipt = e.hex('receiptHash');
    if (/^0x0*$/.test(receipt)) return;
    if (used.has(receipt)) e.wrong('receipt', 'not minted for yet', receipt);
    used.add(receipt);
  },
};

export const aiToken: Handlers = {
  Transfer: (e) => {
    const { mints } = e.books;
    transfer(e, mints.balances);
    if (e.hex('from') === ZERO_ADDRESS) mints.supply += e.big('value');
    if (e.hex('to') === ZERO_ADDRESS) mints.supply -= e.big('value');
  },
};

export const orderSettlement: Handlers = {
  Filled: (e) => {
    const sold = add(e.books.orders.sold, e.hex('orderHash'), e.big('gave'));
    e.same('sold', sold, e.big('sold'));
    e.books.orders.sold.set(e.hex('orderHash'), e.big('sold'));
  },
  Cancelled: (e) => void e.books.orders.cancelled.add(e.hex('orderHash')),
  NonceCancelled: (e) => void e.books.orders.nonces.add(`${e.hex('maker')}:${e.big('nonce')}`),
  NoncesCancelledBelow: (e) => void e.books.orders.below.set(e.hex('maker'), e.big('nonce')),
  FeeSet: (e) => {
    e.books.orders.feeBps = e.big('feeBps');
  },
  TokenAdmitted: (e) => void e.books.orders.tokens.set(e.hex('token'), e.flag('admitted')),
};

export const capabilityAuthority: Handlers = {
  IssuerAdmitted: (e) => {
    const issuer = { tenantId: e.hex('tenantId'), epoch: e.big('epoch'), active: true };
    e.books.capabilities.issuers.set(e.hex('issuer'), issuer);
  },
  IssuerRemoved: (e) => {
    const issuer = e.row(e.books.capabilities.issuers, e.hex('issuer'), 'issuer');
    if (issuer !== null) issuer.active = false;
  },
  IssuerEpochRaised: (e) => {
    const issuer = e.row(e.books.capabilities.issuers, e.hex('issuer'), 'issuer');
    if (issuer === null) return;
    if (e.big('epoch') <= issuer.epoch) e.wrong('epoch', `above ${issuer.epoch}`, String(e.big('epoch')));
    issuer.epoch = e.big('epoch');
  },
  Revoked: (e) => void e.books.capabilities.revoked.add(`${e.hex('issuer')}:${e.hex('id')}`),
};

export const chainRegistry: Handlers = {
  Deployed: (e) => {
    const key = `${e.hex('name')}:${e.big('version')}`;
    if (e.books.places.has(key)) e.wrong('version', 'new', key);
    e.books.places.set(key, { place: e.hex('place') as Hex, codeHash: e.hex('codeHash') });
  },
};
