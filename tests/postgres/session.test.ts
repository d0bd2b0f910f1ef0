import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectPostgres } from '../../packages/server/src/ground/postgres.ts';
import { isRetryable, isUniqueViolation, PgConnectionLost, PgError } from '../../packages/server/src/ground/postgres-errors.ts';
import type { PgSession } from '../../packages/server/src/ground/postgres-session.ts';
import { PgValueError } from '../../packages/server/src/ground/postgres-values.ts';
import { describePostgres, type FreshDatabase, freshDatabase } from '../support/postgres.ts';

const OPTIONS = { applicationName: 'tests', connectTimeoutMs: 5_000, statementTimeoutMs: 5_000 };

describePostgres('a session of PostgreSQL', () => {
  let place: FreshDatabase;
  let session: PgSession;
  const another = (more: { answerTimeoutMs?: number } = {}) => connectPostgres(place.url, { ...OPTIONS, ...more });

  beforeAll(async () => {
    place = await freshDatabase();
    session = await another();
    await session.query('CREATE TABLE t (id bigint PRIMARY KEY, CONSTRAINT small CHECK (id < 1000))');
  });
  afterAll(async () => {
    await session.close();
    await place.drop();
  });
  const idsIn = async (of = session) => (await of.query('SELECT id FROM t ORDER BY id')).rows.map(({ id }) => id);
  const insert = (id: bigint) => ({ name: 'insert', text: 'INSERT INTO t VALUES ($1)', values: [id] });

  it('carries out a pipeline in order and tells rows and counts', async () => {
    const results = await session.pipeline([
      { text: 'CREATE TEMPORARY TABLE own (a int, b text)' },
      { text: 'INSERT INTO own VALUES ($1, $2), (2, NULL)', values: [1n, 'x'] },
      { text: 'SELECT * FROM own ORDER BY a' },
      { text: 'UPDATE own SET b = $1 WHERE a = 3', values: ['y'] },
      { text: '' },
    ]);
    expect(results.map(({ rowCount }) => rowCount)).toEqual([0, 2, 2, 0, 0]);
    expect(results[2]?.rows).toEqual([
      { a: 1n, b: 'x' },
      { a: 2n, b: null },
    ]);
    expect(await session.pipeline([])).toEqual([]);
  });

  it('gives every integer as a bigint, and what has no kind of its own as text', async () => {
    const { rows } = await session.query(`SELECT 1::int2 AS a, 2::int4 AS b, 9007199254740993::int8 AS c, 1.50::numeric AS d, true AS e,
      '\\x00ff'::bytea AS f, NULL::int AS g, 'ü'::text AS h, '2026-01-02 03:04:05+02'::timestamptz AS i, 5::oid AS j`);
    const [a, b, c, j] = [1n, 2n, 9007199254740993n, 5n];
    expect(rows).toEqual([{ a, b, c, d: '1.50', e: true, f: Buffer.from([0, 255]), g: null, h: 'ü', i: '2026-01-02 01:04:05+00', j }]);
  });

  it('carries arrays of any text, number and bytes there and back', async () => {
    const text = fc.string({ unit: 'binary' }).filter((value) => value.isWellFormed() && !value.includes('\0'));
    const hard = fc.oneof(text, fc.constantFrom('NULL', 'null', '', ' ', '"', '\\', '\\"', '{}', ',', "'", '\n', '😀', '\\x00'));
    const element = <T>(of: fc.Arbitrary<T>) => fc.array(fc.option(of));
    const integer = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    const bytes = fc.uint8Array().map((array) => Buffer.from(array));
    const each = (type: string) => ({
      name: `unnest_${type}`,
      text: `SELECT v FROM unnest($1::${type}[]) WITH ORDINALITY AS u (v, n) ORDER BY n`,
    });
    await fc.assert(
      fc.asyncProperty(element(hard), element(integer), element(bytes), async (texts, integers, blobs) => {
        const results = await session.pipeline([
          { ...each('text'), values: [texts] },
          { ...each('int8'), values: [integers] },
          { ...each('bytea'), values: [blobs] },
        ]);
        expect(results.map(({ rows }) => rows.map(({ v }) => v))).toEqual([texts, integers, blobs]);
      }),
      { numRuns: 40 },
    );
  });

  it('carries large values', async () => {
    const many = Array.from({ length: 100_000 }, (_, index) => BigInt(index));
    const large = 'ü"\\'.repeat(200_000);
    const { rows } = await session.query(
      'SELECT sum(v)::int8 AS sum, $2::text[] AS whole, octet_length($3) AS n FROM unnest($1::int8[]) AS u (v)',
      [many, [large], Buffer.alloc(3_000_000, 7)],
    );
    expect(rows[0]).toMatchObject({ sum: 4_999_950_000n, n: 3_000_000n });
    expect(JSON.parse(String(rows[0]?.['whole']).replace(/^{|}$/g, ''))).toBe(large);
  });

  it('commits all or nothing, and leaves no transaction behind', async () => {
    await session.pipeline([{ text: 'BEGIN' }, insert(1n), { text: 'COMMIT' }]);
    const failed = session.pipeline([{ text: 'BEGIN' }, insert(2n), insert(1n), { text: 'COMMIT' }]);
    const next = idsIn();
    await expect(failed).rejects.toMatchObject({ name: 'PgError', sqlstate: '23505', constraint: 't_pkey', step: 2 });
    expect(await next).toEqual([1n]);
    expect(session.transaction).toBe('idle');
    await expect(failed).rejects.toSatisfy(isUniqueViolation);
  });

  it('takes steps without BEGIN as one transaction too', async () => {
    await expect(session.pipeline([insert(3n), insert(5_000n)])).rejects.toMatchObject({ sqlstate: '23514', constraint: 'small', step: 1 });
    expect(await idsIn()).toEqual([1n]);
  });

  it('tells an error that comes only at the commit', async () => {
    await session.pipeline([
      { text: 'CREATE TABLE late_parent (a int PRIMARY KEY)' },
      { text: 'CREATE TABLE late (a int REFERENCES late_parent (a) DEFERRABLE INITIALLY DEFERRED)' },
    ]);
    await expect(session.query('INSERT INTO late VALUES (1)')).rejects.toMatchObject({ sqlstate: '23503', step: 1 });
    expect((await session.query('SELECT * FROM late')).rows).toEqual([]);
  });

  it('leaves a transaction that its owner began to its owner', async () => {
    await session.query('BEGIN');
    expect(session.transaction).toBe('open');
    await expect(session.pipeline([insert(1n)])).rejects.toBeInstanceOf(PgError);
    expect(session.transaction).toBe('failed');
    await session.query('ROLLBACK');
    expect(session.transaction).toBe('idle');
  });

  it('prepares a named statement once, whatever became of its transaction', async () => {
    const own = await another();
    const name = 'by_name';
    const step = { name, text: 'SELECT $1::int8 / $2::int8 AS q', values: [6n, 2n] };
    const fails = { ...step, values: [1n, 0n] };
    await expect(own.pipeline([{ text: 'BEGIN' }, fails, { text: 'COMMIT' }])).rejects.toMatchObject({ sqlstate: '22012' });
    await expect(own.pipeline([{ text: 'SELECT 1/0' }, { ...step, name: 'never_parsed' }])).rejects.toMatchObject({ step: 0 });
    const results = await own.pipeline([step, step, { ...step, name: 'never_parsed' }]);
    expect(results.map(({ rows }) => rows)).toEqual([[{ q: 3n }], [{ q: 3n }], [{ q: 3n }]]);
    const { rows } = await own.query('SELECT name, generic_plans + custom_plans AS plans FROM pg_prepared_statements ORDER BY name');
    expect(rows).toEqual([
      { name, plans: 2n },
      { name: 'never_parsed', plans: 1n },
    ]);
    await expect(own.pipeline([{ name, text: 'SELECT 1' }])).rejects.toThrow('taken by another statement');
    await own.close();
  });

  it('refuses a value that cannot be stored before anything is sent', async () => {
    const steps = [{ text: 'INSERT INTO t VALUES (7)' }, { text: 'SELECT $1::text', values: ['\0'] }];
    await expect(session.pipeline(steps)).rejects.toBeInstanceOf(PgValueError);
    const values = Array.from({ length: 65_536 }, () => 1n);
    await expect(session.query('SELECT 1', values)).rejects.toThrow('65536 parameters');
    await expect(session.query('SELECT $1', ['x'.repeat(90_000_000)])).rejects.toThrow('at most 268435456');
    await expect(session.pipeline([{ name: 'n'.repeat(64), text: 'SELECT 1' }])).rejects.toThrow('too long');
    expect(await idsIn()).not.toContain(7n);
  });

  it('keeps values out of its errors', async () => {
    const secret = 'sk-very-secret';
    const failing: [text: string, values?: string[]][] = [
      ['SELECT $1::text::int', [secret]],
      [`DO $$ BEGIN RAISE EXCEPTION 'no' USING DETAIL = '${secret}', HINT = '${secret}'; END $$`],
      ['INSERT INTO kept VALUES ($1)', [secret]],
    ];
    await session.query('CREATE TABLE kept (a text CHECK (false))');
    for (const [text, values] of failing) {
      const error: unknown = await session.query(text, values).catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(PgError);
      expect(`${(error as Error).stack}${JSON.stringify(error)}${inspect(error)}`).not.toContain(secret);
    }
  });

  it('is cancelled by its own limits, and goes on', async () => {
    const hasty = await connectPostgres(place.url, { ...OPTIONS, statementTimeoutMs: 400 });
    const late: unknown = await hasty.query('SELECT pg_sleep(5)').catch((error: unknown) => error);
    expect(late).toMatchObject({ sqlstate: '57014' });
    await session.pipeline([{ text: 'BEGIN' }, { text: 'LOCK TABLE t' }]);
    const locked: unknown = await hasty.query('SELECT * FROM t').catch((error: unknown) => error);
    expect(locked).toMatchObject({ sqlstate: '55P03' });
    await session.query('ROLLBACK');
    expect([late, locked].map(isRetryable)).toEqual([true, true]);
    expect(await idsIn(hasty)).toContain(1n);
    await hasty.close();
  });

  it('tells what was sent and what was not when the server ends it', async () => {
    const own = await another();
    const under = own.pipeline([{ text: 'BEGIN' }, { text: 'SELECT pg_sleep(5)' }, { text: 'COMMIT' }]);
    const waiting = own.query('SELECT 1');
    // Awaited from before they can fail: the server may end it before the answer to what ended it is here.
    const told = Promise.all([
      expect(under).rejects.toMatchObject({ name: 'PgConnectionLost', sent: true, sqlstate: '57P01' }),
      expect(waiting).rejects.toMatchObject({ name: 'PgConnectionLost', sent: false }),
    ]);
    await untilSleeping(own.pid);
    await session.query('SELECT pg_terminate_backend($1)', [BigInt(own.pid)]);
    await told;
    await expect(own.query('SELECT 1')).rejects.toMatchObject({ name: 'PgConnectionLost', sent: false });
    expect(await own.ended).toBeInstanceOf(PgConnectionLost);
    expect(own.isOpen).toBe(false);
  });

  it('learns of its end while it is idle', async () => {
    const own = await another();
    await session.query('SELECT pg_terminate_backend($1)', [BigInt(own.pid)]);
    expect(await own.ended).toMatchObject({ sqlstate: '57P01' });
  });

  it('ends when no answer comes in time', async () => {
    const own = await another({ answerTimeoutMs: 100 });
    await expect(own.query('SELECT pg_sleep(2)')).rejects.toMatchObject({ name: 'PgConnectionLost', sent: true });
    expect(await own.ended).toMatchObject({ message: expect.stringContaining('no answer in time') });
  });

  it('closes, also under way, and says so once', async () => {
    const own = await another();
    const { pid } = own;
    const under = own.query('SELECT pg_sleep(1)');
    await untilSleeping(pid);
    const lost = expect(under).rejects.toMatchObject({ name: 'PgConnectionLost', sent: true });
    await Promise.all([own.close(), own.close()]);
    await lost;
    expect(await own.ended).toBeNull();
    const quiet = await another();
    await quiet.close();
    expect(await quiet.ended).toBeNull();
    const left = async () => (await session.query('SELECT 1 FROM pg_stat_activity WHERE pid = $1', [BigInt(quiet.pid)])).rowCount;
    for (let tries = 0; (await left()) > 0; tries += 1) {
      expect(tries).toBeLessThan(100);
      await sleep(10);
    }
  });

  it('reads page by page, inside the transaction, as much as is wanted', async () => {
    const read = async (rows: number, of = session) => {
      const sizes: number[] = [];
      for await (const page of of.pages('SELECT n FROM generate_series(1, $1::int) AS n', [10n], rows)) sizes.push(page.length);
      return sizes;
    };
    const cursors = async () => (await session.query("SELECT 1 FROM pg_cursors WHERE name LIKE 'pages%'")).rowCount;
    await expect(read(3)).rejects.toThrow('inside an open transaction');
    await session.query('BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY');
    expect([await read(3), await read(5), await read(10), await read(11)]).toEqual([[3, 3, 3, 1], [5, 5], [10], [10]]);
    await expect(read(0)).rejects.toThrow('at least one row');
    for await (const page of session.pages('SELECT n FROM generate_series(1, 1000000) AS n', [], 2)) {
      expect(page).toEqual([{ n: 1n }, { n: 2n }]);
      expect(await cursors()).toBe(1);
      break;
    }
    expect(await cursors()).toBe(0);
    const failing = session.pages('SELECT 1 / (3 - n) AS n FROM generate_series(1, 5) AS n', [], 1);
    expect([(await failing.next()).value, (await failing.next()).value]).toEqual([[{ n: 0n }], [{ n: 1n }]]);
    await expect(failing.next()).rejects.toMatchObject({ sqlstate: '22012' });
    expect(session.transaction).toBe('failed');
    await session.query('ROLLBACK');
  });

  async function untilSleeping(pid: number): Promise<void> {
    const text = "SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'PgSleep'";
    for (let tries = 0; (await session.query(text, [BigInt(pid)])).rowCount === 0; tries += 1) {
      expect(tries).toBeLessThan(300);
      await sleep(10);
    }
  }
});
