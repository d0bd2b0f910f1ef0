import type { Entry, Handlers } from './entry.ts';
import { claimOf } from './money.ts';
import type { ChannelRow } from './types.ts';

export const sessionChannels: Handlers = {
  Opened: (e) => {
    const channelId = e.hex('channelId');
    if (e.books.channels.has(channelId)) e.wrong('channel', 'new', channelId);
    e.books.channels.set(channelId, {
      tenant: e.hex('tenant'),
      providerId: e.hex('providerId'),
      payerAuthorizer: e.hex('payerAuthorizer'),
      ceiling: e.big('ceiling'),
      validUntil: e.big('validUntil'),
      withdrawDelay: e.big('withdrawDelay'),
      salt: e.hex('salt'),
      status: 'open',
      withdrawableAt: 0n,
      everDeposited: 0n,
    });
  },
  ToppedUp: (e) =>
    onChannel(e, (channel) => {
      e.same('everDeposited', channel.everDeposited + e.big('amount'), e.big('everDeposited'));
      if (e.big('everDeposited') > channel.ceiling) e.wrong('everDeposited', `at most ${channel.ceiling}`, String(e.big('everDeposited')));
      channel.everDeposited = e.big('everDeposited');
    }),
  Claimed: claimOf,
  WithdrawRequested: (e) =>
    onChannel(e, (channel) => {
      channel.status = 'withdrawing';
      channel.withdrawableAt = e.big('withdrawableAt');
    }),
  WithdrawCancelled: (e) =>
    onChannel(e, (channel) => {
      channel.status = 'open';
      channel.withdrawableAt = 0n;
    }),
  Finalized: (e) =>
    onChannel(e, (channel) => {
      channel.status = 'closed';
    }),
  Locked: (e) => {
    const { locks } = e.books;
    const locked = (locks.get(e.hex('lockId'))?.locked ?? 0n) + e.big('amount');
    locks.set(e.hex('lockId'), { channelId: e.hex('channelId'), jobId: e.hex('jobId'), locked, isOpen: true });
  },
  Unlocked: (e) => {
    const lock = e.row(e.books.locks, e.hex('lockId'), 'lock');
    if (lock !== null) lock.isOpen = false;
  },
};

function onChannel(e: Entry, change: (channel: ChannelRow) => void): void {
  const channel = e.row(e.books.channels, e.hex('channelId'), 'channel');
  if (channel === null) return;
  if (channel.status === 'closed') e.wrong('channel', 'not closed', e.hex('channelId'));
  change(channel);
}
