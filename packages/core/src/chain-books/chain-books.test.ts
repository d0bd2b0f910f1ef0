import { describe, expect, it } from 'vitest';
import { TallyError } from '../errors.ts';
import type { Hex } from '../receipt/types.ts';
import { enterChainEvents } from './apply.ts';
import { CHAIN_BOOKS_VERSION, copyChainBooks, packChainBooks, unpackChainBooks } from './books-json.ts';
import { booksContext, emptyChainBooks } from './empty.ts';
import type { ChainBooks, ChainContract, ChainEvent } from './types.ts';

const id = (n: number): Hex => `0x${n.toString(16).padStart(64, '0')}`;
const at = (n: number): Hex => `0x${n.toString(16).padStart(40, '0')}`;
const VAULT = at(0xaa);
const CONTEXT = booksContext(VAULT);
const [CHANNEL, LOCK, JOB, PROVIDER, LANE, STAKE] = [1, 2, 3, 4, 5, 6].map(id) as [Hex, Hex, Hex, Hex, Hex, Hex];
const [TENANT, PAYER, OTHER] = [1, 2, 3].map(at) as [Hex, Hex, Hex];

type Told = readonly [ChainContract, string, Record<string, unknown>];

/** Each in a block of its own, but for those that are given as one list. */
function events(...blocks: readonly (Told | readonly Told[])[]): ChainEvent[] {
  return blocks.flatMap((block, b) => {
    const told = (typeof block[0] === 'string' ? [block] : block) as readonly Told[];
    return told.map(([contract, name, args], index) => ({ contract, name, args, block: BigInt(b + 1), index }));
  });
}

function booksOf(...blocks: readonly (Told | readonly Told[])[]): ChainBooks {
  const books = emptyChainBooks(CONTEXT);
  enterChainEvents(books, events(...blocks));
  return books;
}

const mint = (to: Hex, amount: bigint, supply: bigint): readonly Told[] => [
  ['CreditToken', 'Transfer', { from: at(0), to, value: amount }],
  ['CreditToken', 'Deposited', { from: to, to, amount, supply }],
];
const OPENED: Told = [
  'SessionChannels',
  'Opened',
  {
    channelId: CHANNEL,
    tenant: TENANT,
    providerId: PROVIDER,
    payerAuthorizer: PAYER,
    ceiling: 1000n,
    validUntil: 9n,
    withdrawDelay: 8n,
    salt: id(9),
  },
];
const fund = (amount: bigint, total: bigint): readonly Told[] => [
  ['SessionChannels', 'ToppedUp', { channelId: CHANNEL, from: TENANT, amount, everDeposited: total }],
  ['CreditVault', 'Funded', { accountId: CHANNEL, from: TENANT, amount, deposited: total }],
  ['CreditToken', 'Transfer', { from: TENANT, to: VAULT, value: amount }],
];
const SPLIT: Told = ['SettlementTreasury', 'SplitSet', { version: 1n, oraclesBps: 200n, reserveBps: 300n, protocolBps: 300n }];
/** 101 credits: 2.02, 3.03 and 3.03 round down, the provider has the remainder. */
const CLAIMED: readonly Told[] = [
  ['SettlementTreasury', 'FeesRecorded', { providerId: PROVIDER, epoch: 7n, splitVersion: 1n, volume: 101n, fees: 8n }],
  ['CreditVault', 'Settled', { providerId: PROVIDER, amount: 101n, fees: 8n, owedProvider: 93n }],
  ['SessionChannels', 'Claimed', { accountId: CHANNEL, providerId: PROVIDER, totalClaimed: 101n, receiptCount: 2n, receiptsRoot: id(8) }],
];
const MONEY = [mint(TENANT, 1000n, 1000n), OPENED, fund(400n, 400n), SPLIT, CLAIMED] as const;

describe('money', () => {
  it('moves from a tenant over the vault to whom it is owed, and all sums hold', () => {
    const books = booksOf(
      ...MONEY,
      [
        ['SessionChannels', 'Locked', { channelId: CHANNEL, jobId: JOB, lockId: LOCK, amount: 50n }],
        ['CreditVault', 'Moved', { fromId: CHANNEL, toId: LOCK, amount: 50n, fromDeposited: 350n, toDeposited: 50n }],
      ],
      [
        ['CreditVault', 'PaidOut', { beneficiary: PROVIDER, to: OTHER, amount: 93n, owed: 0n }],
        ['CreditToken', 'Transfer', { from: VAULT, to: OTHER, value: 93n }],
      ],
      [
        ['CreditVault', 'Released', { accountId: CHANNEL, to: TENANT, amount: 249n, claimed: 101n }],
        ['CreditToken', 'Transfer', { from: VAULT, to: TENANT, value: 249n }],
        ['SessionChannels', 'Finalized', { channelId: CHANNEL, tenant: TENANT, refund: 249n }],
      ],
    );
    expect(books.mismatches).toEqual([]);
    expect(books.vault.held).toBe(50n);
    expect(books.vault.owedTotal).toBe(8n);
    expect([books.vault.owed.get(CONTEXT.oracles), books.vault.owed.get(CONTEXT.reserve), books.vault.owed.get(PROVIDER)]).toEqual([
      2n,
      3n,
      0n,
    ]);
    expect(books.vault.accounts.get(CHANNEL)).toEqual({ deposited: 101n, claimed: 101n });
    expect(books.channels.get(CHANNEL)?.status).toBe('closed');
    expect(books.credits.balances.get(VAULT)).toBe(58n);
    expect(books.locks.get(LOCK)).toEqual({ channelId: CHANNEL, jobId: JOB, locked: 50n, isOpen: true });
  });

  const [recorded, settled, claimed] = CLAIMED as readonly [Told, Told, Told];
  const changed = ([contract, name, args]: Told, more: Record<string, unknown>): Told => [contract, name, { ...args, ...more }];
  it.each<[string, string, readonly (Told | readonly Told[])[]]>([
    ['a supply that jumps', 'supply', [mint(TENANT, 1000n, 1000n), mint(TENANT, 5n, 1006n)]],
    ['more sent than one has', 'balance', [mint(TENANT, 1n, 1n), ['CreditToken', 'Transfer', { from: TENANT, to: OTHER, value: 2n }]]],
    ['credits of the vault that nothing explains', 'credits of the vault', [mint(VAULT, 1n, 1n)]],
    ['a deposit that was not told', 'everDeposited', [mint(TENANT, 999n, 999n), OPENED, fund(5n, 6n)]],
    ['a deposit above the ceiling', 'everDeposited', [mint(TENANT, 2000n, 2000n), OPENED, fund(1001n, 1001n)]],
    ['a top-up of an unknown channel', 'channel', [mint(TENANT, 999n, 999n), fund(5n, 5n)]],
    ['a settlement without its claim', `settled of ${PROVIDER}`, [...MONEY.slice(0, 4), [recorded, settled]]],
    ['a claim without its settlement', `settled of ${PROVIDER}`, [...MONEY.slice(0, 4), [claimed]]],
    ['a settlement that the treasury did not record', `recorded of ${PROVIDER}`, [...MONEY.slice(0, 4), [settled, claimed]]],
    ['fees that are not the split’s', 'fees', [...MONEY.slice(0, 4), [changed(recorded, { fees: 9n }), settled, claimed]]],
    [
      'a share that is not what is left',
      'owed to the provider',
      [...MONEY.slice(0, 4), [recorded, changed(settled, { owedProvider: 94n }), claimed]],
    ],
    ['a claim above the deposit', 'claimed', [...MONEY.slice(0, 4), [recorded, settled, changed(claimed, { totalClaimed: 401n })]]],
    ['a claim that falls', 'claimed', [...MONEY, [changed(claimed, { totalClaimed: 100n })]]],
    [
      'a payment of what was not owed',
      'owed',
      [...MONEY, ['CreditVault', 'PaidOut', { beneficiary: PROVIDER, to: OTHER, amount: 94n, owed: 0n }]],
    ],
    [
      'a release of another sum',
      'deposited',
      [...MONEY, ['CreditVault', 'Released', { accountId: CHANNEL, to: TENANT, amount: 1n, claimed: 101n }]],
    ],
    [
      'a split out of turn',
      'version',
      [['SettlementTreasury', 'SplitSet', { version: 2n, oraclesBps: 0n, reserveBps: 0n, protocolBps: 0n }]],
    ],
  ])('%s is told', (_what, what, blocks) => {
    const books = booksOf(...blocks);
    expect(books.mismatches.map((each) => each.what)).toContain(what);
    expect(books.mismatchCount).toBeGreaterThan(0n);
  });
});

const lane: Told = [
  'UsageReceipts',
  'LaneRegistered',
  { laneId: LANE, gatewayId: PROVIDER, index: 0n, signer: TENANT, perReceiptMint: false },
];
const batch = (batchId: Hex, seqFrom: bigint, seqTo: bigint, count = seqTo - seqFrom + 1n): Told => [
  'UsageReceipts',
  'BatchPosted',
  { batchId, laneId: LANE, root: id(70), dataHash: id(71), epoch: 1n, count, total: 5n, seqFrom, seqTo, finalAt: 9n },
];

describe('evidence', () => {
  it('follows lanes, signers and batches', () => {
    const books = booksOf(
      lane,
      batch(id(10), 1n, 4n),
      ['UsageReceipts', 'SignerRotated', { laneId: LANE, signer: PAYER, from: 7n }],
      batch(id(11), 5n, 5n),
      ['UsageReceipts', 'BatchFinal', { batchId: id(10), laneId: LANE, seqTo: 4n }],
      ['ReceiptFaults', 'FaultProven', { fault: 2n, laneId: LANE, proof: id(80), slashId: id(81) }],
      ['UsageReceipts', 'BatchFaulty', { batchId: id(11), laneId: LANE }],
      ['UsageReceipts', 'LaneWasClosed', { laneId: LANE, nextSeq: 6n }],
    );
    expect(books.mismatches).toEqual([]);
    expect(books.lanes.get(LANE)).toMatchObject({
      nextSeq: 6n,
      closed: true,
      signers: [
        { signer: TENANT, from: 1n },
        { signer: PAYER, from: 7n },
      ],
    });
    expect([books.batches.get(id(10))?.state, books.batches.get(id(11))?.state]).toEqual(['final', 'faulty']);
    expect(books.proofs.get(id(80))?.slashId).toBe(id(81));
  });

  it.each<[string, string, readonly Told[]]>([
    ['a gap between batches', 'seqFrom', [lane, batch(id(10), 2n, 3n)]],
    ['a count that is not that of the seqs', 'count', [lane, batch(id(10), 1n, 3n, 2n)]],
    ['a batch of an unknown lane', 'lane', [batch(id(10), 1n, 1n)]],
    ['the same batch again', 'batch', [lane, batch(id(10), 1n, 1n), batch(id(10), 2n, 2n)]],
    [
      'a batch that is final twice',
      'state',
      [
        lane,
        batch(id(10), 1n, 1n),
        ...['BatchFinal', 'BatchFinal'].map((name): Told => ['UsageReceipts', name, { batchId: id(10), laneId: LANE, seqTo: 1n }]),
      ],
    ],
    ['a batch of a closed lane', 'lane', [lane, ['UsageReceipts', 'LaneWasClosed', { laneId: LANE, nextSeq: 1n }], batch(id(10), 1n, 1n)]],
    [
      'a fault proven twice',
      'proof',
      [1, 2].map((): Told => ['OracleFaults', 'OracleFaultProven', { laneId: LANE, operator: TENANT, proof: id(80), slashId: id(81) }]),
    ],
  ])('%s is told', (_what, what, blocks) => {
    expect(booksOf(...blocks).mismatches.map((each) => each.what)).toContain(what);
  });
});

describe('stakes', () => {
  const staked = (added: bigint, amount: bigint): Told => ['StakeManager', 'Staked', { stakeId: STAKE, from: TENANT, added, amount }];
  const proposed = (amount: bigint): Told => [
    'StakeManager',
    'SlashProposed',
    { slashId: id(20), stakeId: STAKE, amount, reason: id(21), objective: false, executableAt: 5n, frozen: amount },
  ];
  it('thaw, are slashed, and begin anew when they are gone', () => {
    const books = booksOf(
      staked(10n, 10n),
      ['StakeManager', 'ThawStarted', { stakeId: STAKE, thawing: 10n, thawedAt: 99n }],
      proposed(4n),
      ['StakeManager', 'SlashAppealed', { slashId: id(20), decideBy: 50n, statement: id(22) }],
      ['StakeManager', 'SlashExecuted', { slashId: id(20), stakeId: STAKE, taken: 4n, amount: 6n, frozen: 0n }],
      ['StakeManager', 'Collected', { to: OTHER, amount: 4n, total: 4n }],
    );
    expect(books.mismatches).toEqual([]);
    expect(books.stakes.stakes.get(STAKE)).toEqual({ amount: 6n, thawing: 6n, frozen: 0n, proven: 0n, proposed: 0n, thawedAt: 99n });
    expect([books.stakes.owed, books.stakes.collected]).toEqual([0n, 4n]);
    enterChainEvents(books, [
      { contract: 'StakeManager', name: 'Withdrawn', args: { stakeId: STAKE, to: OTHER, taken: 6n, amount: 0n }, block: 99n, index: 0 },
    ]);
    expect(books.stakes.stakes.get(STAKE)).toEqual({ amount: 0n, thawing: 0n, frozen: 0n, proven: 0n, proposed: 0n, thawedAt: 0n });
    expect(books.escrow.stakes.size).toBe(0);
  });

  const [propose, prove] = [false, true].map(
    (objective) =>
      (slashId: Hex, amount: bigint, frozen: bigint): Told => [
        'StakeManager',
        'SlashProposed',
        { slashId, stakeId: STAKE, amount, reason: slashId, objective, executableAt: 5n, frozen },
      ],
  ) as [(slashId: Hex, amount: bigint, frozen: bigint) => Told, (slashId: Hex, amount: bigint, frozen: bigint) => Told];
  const executed = (slashId: Hex, taken: bigint, amount: bigint, frozen: bigint): Told => [
    'StakeManager',
    'SlashExecuted',
    { slashId, stakeId: STAKE, taken, amount, frozen },
  ];
  const dismissed = (slashId: Hex, frozen: bigint): Told => ['StakeManager', 'SlashDismissed', { slashId, stakeId: STAKE, frozen }];
  const [A, B, C] = [id(20), id(21), id(22)];
  /** 10 staked, with a cap of 5: two proposals freeze all of that, then a proof takes over 2 of it. */
  const begun = [staked(10n, 10n), propose(A, 2n, 2n), propose(B, 3n, 5n), prove(C, 2n, 5n)];

  it.each<[string, readonly Told[], Record<string, bigint>]>([
    ['a proof in the place of proposals', [], { amount: 10n, frozen: 5n, proven: 2n, proposed: 5n }],
    ['of two proposals the one that ends first gives what it no longer had', [dismissed(A, 5n)], { frozen: 5n, proven: 2n, proposed: 3n }],
    ['a proposal takes what was left to it', [executed(B, 3n, 7n, 2n), executed(A, 0n, 7n, 2n)], { amount: 7n, frozen: 2n, proposed: 0n }],
    [
      'a proof that is dismissed gives back',
      [dismissed(C, 5n), executed(A, 2n, 8n, 3n)],
      { amount: 8n, frozen: 3n, proven: 0n, proposed: 3n },
    ],
    ['a proof that is executed', [executed(C, 2n, 8n, 3n), dismissed(B, 2n)], { amount: 8n, frozen: 2n, proven: 0n, proposed: 2n }],
  ])('open slashes: %s', (_what, more, row) => {
    const books = booksOf(...begun, ...more);
    expect(books.mismatches).toEqual([]);
    expect(books.stakes.stakes.get(STAKE)).toMatchObject(row);
  });

  it.each<[string, string, readonly Told[]]>([
    ['a proposal that freezes less than it says', 'frozen', [staked(9n, 9n), propose(A, 2n, 1n)]],
    ['a proof that freezes nothing where nothing was', 'frozen', [staked(9n, 9n), prove(A, 2n, 1n)]],
    ['a proof that freezes more than it says', 'frozen', [...begun.slice(0, 3), prove(C, 2n, 8n)]],
    ['a slash that takes another’s part', 'taken', [...begun, executed(A, 3n, 7n, 2n)]],
    ['a dismissal that frees too much', 'frozen', [...begun, dismissed(A, 3n)]],
    ['an execution that frees too much', 'frozen', [...begun, executed(C, 2n, 8n, 2n)]],
  ])('finds %s', (_what, what, told) => {
    expect(booksOf(...told).mismatches.map((each) => each.what)).toContain(what);
  });

  it.each<[string, string, readonly Told[]]>([
    ['a stake that jumps', 'stake', [staked(1n, 2n)]],
    [
      'a slash that was not proposed',
      'slash',
      [staked(5n, 5n), ['StakeManager', 'SlashDismissed', { slashId: id(20), stakeId: STAKE, frozen: 0n }]],
    ],
    [
      'a slash that ends twice',
      'slash',
      [
        staked(5n, 5n),
        proposed(1n),
        ...[1, 2].map((): Told => ['StakeManager', 'SlashDismissed', { slashId: id(20), stakeId: STAKE, frozen: 0n }]),
      ],
    ],
    ['a collection of what was not owed', 'owed', [['StakeManager', 'Collected', { to: OTHER, amount: 4n, total: 4n }]]],
    [
      'more thawing than there is',
      'thawing',
      [staked(5n, 5n), ['StakeManager', 'ThawStarted', { stakeId: STAKE, thawing: 6n, thawedAt: 9n }]],
    ],
  ])('%s is told', (_what, what, blocks) => {
    expect(booksOf(...blocks).mismatches.map((each) => each.what)).toContain(what);
  });
});

describe('the rest', () => {
  const entered = (amount: bigint, total: bigint): Told => [
    'MigrationManifest',
    'Entered',
    { index: 0n, owner: TENANT, recipient: OTHER, amount, total },
  ];
  it('follows a migration to its end', () => {
    const root = id(30);
    const books = booksOf(
      entered(5n, 5n),
      entered(8n, 8n),
      ['MigrationManifest', 'Frozen', { total: 8n, count: 1n, sealableAt: 9n }],
      ['MigrationManifest', 'Rooted', { root: id(29), total: 8n }],
      ['MigrationManifest', 'RolledBack', {}],
      ['MigrationManifest', 'Left', { index: 0n, owner: TENANT, amount: 8n, total: 0n }],
      entered(3n, 3n),
      ['MigrationManifest', 'Frozen', { total: 3n, count: 1n, sealableAt: 9n }],
      ['MigrationManifest', 'Rooted', { root, total: 3n }],
      ['MigrationManifest', 'Sealed_', { root, total: 3n, bridge: OTHER }],
      ['MigrationClaims', 'ManifestFrozen', { manifestId: id(31), root, total: 3n, count: 1n }],
      ['MigrationClaims', 'Bridged', { from: OTHER, amount: 4n, bridged: 4n }],
      ['MigrationClaims', 'ManifestSealed', { manifestId: id(31), root, total: 3n }],
      ['MigrationClaims', 'Reclaimed', { to: OTHER, amount: 1n, bridged: 3n }],
      ['MigrationClaims', 'Claimed', { index: 0n, recipient: OTHER, amount: 3n, claimed: 3n }],
    );
    expect(books.mismatches).toEqual([]);
    expect(books.leaving).toMatchObject({ phase: 'sealed', root, total: 3n });
    expect(books.arriving).toMatchObject({ phase: 'sealed', bridged: 3n, claimed: 3n });
    const again: ChainEvent = {
      contract: 'MigrationClaims',
      name: 'Claimed',
      args: { index: 0n, recipient: OTHER, amount: 1n, claimed: 4n },
      block: 90n,
      index: 0,
    };
    enterChainEvents(books, [again]);
    expect(books.mismatches.map(({ what }) => what)).toEqual(['entry', 'claimed']);
  });

  it('a root of a manifest that is not frozen, a second one, one of another total, and a seal under another are told', () => {
    const frozen: Told = ['MigrationManifest', 'Frozen', { total: 3n, count: 1n, sealableAt: 9n }];
    const rooted = (n: number, total: bigint): Told => ['MigrationManifest', 'Rooted', { root: id(n), total }];
    const sealed: Told = ['MigrationManifest', 'Sealed_', { root: id(32), total: 3n, bridge: OTHER }];
    const toldOf = (...told: readonly Told[]) => booksOf(entered(3n, 3n), ...told).mismatches.map(({ what }) => what);
    expect(toldOf(rooted(32, 3n))).toEqual(['phase']);
    expect(toldOf(frozen, rooted(32, 4n))).toEqual(['total']);
    expect(toldOf(frozen, rooted(32, 3n), rooted(32, 3n))).toEqual(['root']);
    expect(toldOf(frozen, rooted(33, 3n), sealed)).toEqual(['root']);
    expect(toldOf(frozen, sealed)).toEqual(['root']);
    expect(toldOf(frozen, rooted(32, 3n), sealed)).toEqual([]);
  });

  it('follows orders, mints, oracles, parameters, issuers and addresses', () => {
    const filled = (gave: bigint, sold: bigint): Told => [
      'OrderSettlement',
      'Filled',
      { orderHash: id(40), maker: TENANT, counterparty: OTHER, gave, got: 1n, fee: 0n, sold },
    ];
    const minted = (amount: bigint, total: bigint, receiptHash: Hex): Told => [
      'AITokenMinter',
      'Minted',
      { providerId: PROVIDER, epoch: 3n, to: TENANT, amount, minted: total, receiptHash },
    ];
    const books = booksOf(
      filled(2n, 2n),
      filled(3n, 5n),
      minted(5n, 5n, id(0)),
      minted(1n, 6n, id(41)),
      ['QuorumVerifier', 'EpochOpened', { epoch: 1n, scheme: OTHER, operators: [TENANT], keysPointer: OTHER }],
      ['QuorumVerifier', 'EpochClosed', { epoch: 1n, validUntil: 8n }],
      ['ParamGovernor', 'ParamEnacted', { key: id(42), before: 0n, value: 4n }],
      ['ParamGovernor', 'ParamProposed', { key: id(42), value: 5n, readyAt: 9n }],
      ['ParamGovernor', 'ParamEnacted', { key: id(42), before: 4n, value: 5n }],
      ['CapabilityAuthority', 'IssuerAdmitted', { issuer: TENANT, tenantId: id(43), epoch: 1n }],
      ['CapabilityAuthority', 'IssuerEpochRaised', { issuer: TENANT, epoch: 2n }],
      ['ChainRegistry', 'Deployed', { name: id(44), version: 1n, place: OTHER, codeHash: id(45) }],
    );
    expect(books.mismatches).toEqual([]);
    expect(books.orders.sold.get(id(40))).toBe(5n);
    expect(books.mints.minted.get(`${PROVIDER}:3`)).toBe(6n);
    expect(books.params.proposed.size).toBe(0);
    const wrong = booksOf(filled(2n, 3n), minted(5n, 6n, id(41)), minted(1n, 7n, id(41)), [
      'QuorumVerifier',
      'EpochOpened',
      { epoch: 2n, scheme: OTHER, operators: [], keysPointer: OTHER },
    ]);
    expect(wrong.mismatches.map(({ what }) => what)).toEqual(['sold', 'minted', 'receipt', 'epoch']);
  });

  it('events out of order are told, unknown ones are passed over, and one without its arguments is refused', () => {
    const [one] = events(lane) as [ChainEvent];
    const books = emptyChainBooks(CONTEXT);
    enterChainEvents(books, [
      { ...one, name: 'NeverHeardOf' },
      { ...one, block: 0n },
    ]);
    expect(books.mismatches.map(({ what }) => what)).toEqual(['order']);
    expect(() => enterChainEvents(books, [{ ...one, args: {} }])).toThrow(TallyError);
  });

  it('keeps no more mismatches than it may, and counts on', () => {
    const books = booksOf(...Array.from({ length: 150 }, () => batch(id(10), 1n, 1n)));
    expect(books.mismatches.length).toBe(100);
    expect(books.mismatchCount).toBeGreaterThan(150n);
  });
});

describe('books as JSON', () => {
  it('come back as they were, and a copy shares nothing', () => {
    const books = booksOf(...MONEY, lane, batch(id(10), 1n, 4n));
    const back = unpackChainBooks(JSON.parse(JSON.stringify(packChainBooks(books))), CONTEXT);
    expect(back).toEqual(books);
    const copy = copyChainBooks(books);
    expect(copy).toEqual(books);
    copy.vault.held += 1n;
    (copy.lanes.get(LANE) as { signers: unknown[] }).signers.pop();
    copy.vault.accounts.clear();
    expect(books).toEqual(back);
    expect(CHAIN_BOOKS_VERSION).toBe(2);
  });

  it.each([[null], [{}], [[]], ['x'], [packChainBooks(emptyChainBooks(booksContext(at(1))))]])('%j is refused', (packed) => {
    expect(() => unpackChainBooks(packed, CONTEXT)).toThrow(TallyError);
  });
});
