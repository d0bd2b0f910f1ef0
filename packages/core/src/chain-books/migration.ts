import type { Handlers } from './entry.ts';

export const migrationManifest: Handlers = {
  Entered: (e) => {
    const { leaving } = e.books;
    const [owner, recipient] = [e.hex('owner'), e.hex('recipient')];
    const before = leaving.entries.get(e.big('index'));
    if (before !== undefined && before.amount > 0n) e.same('recipient', before.recipient, recipient);
    leaving.entries.set(e.big('index'), { owner, recipient, amount: e.big('amount') });
    e.same('total', leaving.total - (before?.amount ?? 0n) + e.big('amount'), e.big('total'));
    leaving.total = e.big('total');
  },
  Left: (e) => {
    const { leaving } = e.books;
    const entry = e.row(leaving.entries, e.big('index'), 'entry');
    if (entry !== null) {
      e.same('amount', entry.amount, e.big('amount'));
      entry.amount = 0n;
    }
    e.same('total', leaving.total - e.big('amount'), e.big('total'));
    leaving.total = e.big('total');
  },
  Frozen: (e) => {
    const { leaving } = e.books;
    e.same('total', leaving.total, e.big('total'));
    e.same('phase', 'open', leaving.phase);
    leaving.phase = 'frozen';
    leaving.root = null;
  },
  Rooted: (e) => {
    const { leaving } = e.books;
    e.same('phase', 'frozen', leaving.phase);
    e.same('root', 'none', leaving.root ?? 'none');
    e.same('total', leaving.total, e.big('total'));
    leaving.root = e.hex('root');
  },
  RolledBack: (e) => {
    if (e.books.leaving.phase === 'sealed') e.wrong('phase', 'not sealed', 'sealed');
    e.books.leaving.phase = 'open';
    e.books.leaving.root = null;
  },
  Sealed_: (e) => {
    const { leaving } = e.books;
    e.same('phase', 'frozen', leaving.phase);
    e.same('root', leaving.root ?? 'none', e.hex('root'));
    leaving.phase = 'sealed';
  },
};

export const migrationClaims: Handlers = {
  ManifestFrozen: (e) => {
    const { arriving } = e.books;
    e.same('phase', 'open', arriving.phase);
    arriving.phase = 'frozen';
    arriving.manifestId = e.hex('manifestId');
    arriving.root = e.hex('root');
    arriving.total = e.big('total');
  },
  ManifestOpened: (e) => {
    const { arriving } = e.books;
    e.same('phase', 'frozen', arriving.phase);
    arriving.phase = 'open';
    arriving.manifestId = null;
    arriving.root = null;
    arriving.total = 0n;
  },
  ManifestSealed: (e) => {
    const { arriving } = e.books;
    e.same('phase', 'frozen', arriving.phase);
    e.same('root', arriving.root ?? 'none', e.hex('root'));
    if (arriving.bridged < arriving.total) e.wrong('bridged', `at least ${arriving.total}`, String(arriving.bridged));
    arriving.phase = 'sealed';
  },
  Bridged: (e) => {
    const { arriving } = e.books;
    e.same('bridged', arriving.bridged + e.big('amount'), e.big('bridged'));
    arriving.bridged = e.big('bridged');
  },
  Reclaimed: (e) => {
    const { arriving } = e.books;
    e.same('bridged', arriving.bridged - e.big('amount'), e.big('bridged'));
    arriving.bridged = e.big('bridged');
  },
  Claimed: (e) => {
    const { arriving } = e.books;
    e.same('phase', 'sealed', arriving.phase);
    if (arriving.claims.has(e.big('index'))) e.wrong('entry', 'not claimed yet', String(e.big('index')));
    arriving.claims.add(e.big('index'));
    e.same('claimed', arriving.claimed + e.big('amount'), e.big('claimed'));
    arriving.claimed = e.big('claimed');
    if (arriving.claimed > arriving.bridged) e.wrong('claimed', `at most ${arriving.bridged}`, String(arriving.claimed));
  },
};
