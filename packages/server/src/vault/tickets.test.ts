import { describe, expect, it } from 'vitest';
import { uuidv7 } from '#ground/ids';
import { permitMac } from '#ground/permit';
import { Tickets } from './tickets.ts';

const KEY = Buffer.alloc(32, 1);
const ticketAt = (ms: number) => {
  const fields = { holdId: uuidv7(ms), sourceId: 's', nonce: 'n', epoch: 'e' };
  return { ...fields, mac: permitMac(KEY, fields) };
};
const reasonOf = (tickets: Tickets, ticket: ReturnType<typeof ticketAt>) => {
  try {
    tickets.spend(ticket);
    return 'passed';
  } catch (error) {
    return (error as { facts: { reason: string } }).facts.reason;
  }
};

describe('spent tickets', () => {
  it('are refused for good, also after the set was full many times over', () => {
    const tickets = new Tickets(Buffer.from(KEY), 50);
    tickets.acceptEpoch('e');
    // 10 a second for 100 s: twenty times what the set holds.
    const all = Array.from({ length: 1000 }, (_, i) => ticketAt(1_800_000_000_000 + i * 100));
    expect(all.map((ticket) => reasonOf(tickets, ticket)).every((reason) => reason === 'passed')).toBe(true);
    expect(all.map((ticket) => reasonOf(tickets, ticket)).filter((reason) => reason === 'passed')).toEqual([]);
    expect(reasonOf(tickets, ticketAt(1_800_000_000_000))).toBe('permit_old');
    expect(reasonOf(tickets, ticketAt(1_800_000_100_000))).toBe('passed');
  });

  it('are refused also where one second holds more than the set', () => {
    const tickets = new Tickets(Buffer.from(KEY), 5);
    tickets.acceptEpoch('e');
    const all = Array.from({ length: 20 }, () => ticketAt(1_800_000_000_000));
    expect(all.filter((ticket) => reasonOf(tickets, ticket) === 'passed')).toHaveLength(6);
    expect(all.filter((ticket) => reasonOf(tickets, ticket) === 'passed')).toHaveLength(0);
    expect(reasonOf(tickets, ticketAt(1_800_000_001_000))).toBe('passed');
  });

  it('need a hold id that carries its time', () => {
    const tickets = new Tickets(Buffer.from(KEY));
    tickets.acceptEpoch('e');
    const fields = { holdId: 'hold-1', sourceId: 's', nonce: 'n', epoch: 'e' };
    expect(reasonOf(tickets, { ...fields, mac: permitMac(KEY, fields) })).toBe('permit_old');
  });
});
