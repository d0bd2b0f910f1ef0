import { cpSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AppendFile } from '#ground/append-file';
import { CANARY, type Fixture, makeFixture, meta, secret } from './testing.ts';
import type { Vault } from './types.ts';

/** A disk that dies before its n-th change and takes nothing more, as a killed process: clean-up code finds it dead as well. */
const disk = vi.hoisted(() => ({
  left: Number.POSITIVE_INFINITY,
  /** @returns true at the very change at which the disk dies. */
  dies(): boolean {
    if (this.left < 0) throw new Error('the disk is dead');
    return this.left-- === 0;
  },
}));

vi.mock('#ground/files', async (original) => {
  const real = await original<typeof import('#ground/files')>();
  const dying =
    <A extends unknown[], R>(change: (...args: A) => Promise<R>, half?: (...args: A) => void) =>
    async (...args: A): Promise<R> => {
      if (!disk.dies()) return change(...args);
      half?.(...args);
      throw new Error('the disk is dead');
    };
  const halfWritten = (path: string, data: Uint8Array | string) =>
    writeFileSync(join(dirname(path), `.tmp-0123456789abcdef-${basename(path)}`), data.slice(0, data.length / 2));
  return {
    ...real,
    writeDurable: dying(real.writeDurable, halfWritten),
    renameDurable: dying(real.renameDurable),
    shredFile: dying(real.shredFile),
  };
});

const append = AppendFile.prototype.append;
vi.spyOn(AppendFile.prototype, 'append').mockImplementation(async function (this: AppendFile, bytes) {
  if (!disk.dies()) return append.call(this, bytes);
  await append.call(this, bytes.subarray(0, bytes.length / 2));
  throw new Error('the disk is dead');
});

const NEXT = Buffer.alloc(32, 8);
const QUIET = { checkpointIdleMs: 1_000_000 };
let fixture: Fixture;

beforeEach(async () => {
  fixture = makeFixture();
  const vault = await fixture.open(QUIET);
  await vault.seal(meta(), secret());
  await vault.seal(meta({ id: 'src-2' }), secret('second'));
  await vault.changeLimit({ id: 'src-1', seq: 1, limit: 500n, expiry: 0 });
  await vault.setGeneration({ current: 1, pending: null });
  await vault.close();
  cpSync(fixture.root, `${fixture.root}-start`, { recursive: true });
});
afterEach(() => {
  fixture.remove();
  rmSync(`${fixture.root}-start`, { recursive: true, force: true });
});

const reading = (vault: Vault, id: string) => vault.open(fixture.ticket(vault, id), (s) => s.toString('utf8'));
const filesNamed = (part: string) => readdirSync(fixture.root, { recursive: true }).filter((name) => String(name).includes(part));

/** Runs `act` once for every place at which the disk can die in it, each time from the same start. `check` sees the vault after a restart. */
async function atEveryChange(
  act: (vault: Vault) => Promise<unknown>,
  check: (vault: Vault, done: boolean) => void,
  masters = [fixture.options.master],
) {
  let done = false;
  let places = 0;
  for (; !done && places < 100; places++) {
    rmSync(fixture.root, { recursive: true });
    cpSync(`${fixture.root}-start`, fixture.root, { recursive: true });
    const vault = await fixture.open(QUIET);
    disk.left = places;
    done = await act(vault).then(
      () => true,
      () => false,
    );
    await vault.close().catch(() => {});
    // The next start dies once as well, then comes up.
    disk.left = places % 4;
    await openWithAny(masters).then(
      (v) => v.close().catch(() => {}),
      () => {},
    );
    disk.left = Number.POSITIVE_INFINITY;
    const again = await openWithAny(masters);
    expect(again.auditVerify()).toEqual([]);
    expect(filesNamed('.tmp-')).toEqual([]);
    expect(filesNamed('.next')).toEqual([]);
    check(again, done);
    await again.close();
  }
  expect(done).toBe(true);
  return places;
}

async function openWithAny(masters: readonly Buffer[]): Promise<Vault> {
  const opened: Vault[] = [];
  const errors: unknown[] = [];
  for (const master of masters)
    await fixture.open({ ...QUIET, master }).then(
      (v) => opened.push(v),
      (e) => errors.push(e),
    );
  expect(opened.length).toBeLessThanOrEqual(1);
  if (opened[0] === undefined) throw errors[0];
  return opened[0];
}

describe('a crash at any change of the disk', () => {
  it('leaves a seal done or not begun', async () => {
    const places = await atEveryChange(
      (vault) => vault.seal(meta({ id: 'src-3' }), secret('third')),
      (vault, done) => {
        if (done) expect(vault.has('src-3')).toBe(true);
        if (vault.has('src-3')) expect(reading(vault, 'src-3')).toBe('third');
        else expect(filesNamed('src-3')).toEqual([]);
        expect([reading(vault, 'src-1'), reading(vault, 'src-2')]).toEqual([CANARY, 'second']);
      },
    );
    expect(places).toBeGreaterThan(3);
  });

  it('leaves a limit lowered or as it was', async () => {
    await atEveryChange(
      (vault) => vault.changeLimit({ id: 'src-1', seq: 2, limit: 10n, expiry: 0 }),
      (vault, done) => {
        expect(vault.limits('src-1').limit === 10n || !done).toBe(true);
        expect([10n, 500n]).toContain(vault.limits('src-1').limit);
      },
    );
  });

  it('leaves a shred done or not begun', async () => {
    const places = await atEveryChange(
      (vault) => vault.shred('src-1', 'test'),
      (vault, done) => {
        expect(vault.has('src-1') && done).toBe(false);
        if (vault.has('src-1')) expect(reading(vault, 'src-1')).toBe(CANARY);
        else {
          expect(filesNamed('src-1')).toEqual([]);
          expect(vault.auditEntries(0, 100).filter(({ kind }) => kind === 'secret.destroyed')).toHaveLength(1);
        }
      },
    );
    expect(places).toBeGreaterThan(5);
  });

  it('leaves exactly one master in force', async () => {
    const places = await atEveryChange(
      (vault) => vault.rotateMaster(NEXT),
      (vault) => {
        expect([reading(vault, 'src-1'), reading(vault, 'src-2')]).toEqual([CANARY, 'second']);
        expect(vault.limits('src-1').limit).toBe(500n);
        expect(vault.generation()).toEqual({ current: 1, pending: null });
      },
      [fixture.options.master, NEXT],
    );
    expect(places).toBeGreaterThan(8);
  });

  it('leaves heads and generation as they were, or new', async () => {
    const head = { accountId: 'a', seq: 1n, spent: 1n, head: 'aa' };
    await atEveryChange(
      async (vault) => {
        await vault.checkpoint([head]);
        await vault.setGeneration({ current: 2, pending: 3 });
      },
      (vault, done) => {
        expect([1, 2]).toContain(vault.generation().current);
        if (done) expect([vault.generation().current, vault.checkHeads([]).length]).toEqual([2, 1]);
      },
    );
  });

  it('leaves a first start that can be begun again', async () => {
    rmSync(`${fixture.root}-start/vault`, { recursive: true });
    rmSync(`${fixture.root}-start/slots`, { recursive: true });
    let places = 0;
    for (let done = false; !done; places++) {
      rmSync(fixture.root, { recursive: true });
      cpSync(`${fixture.root}-start`, fixture.root, { recursive: true });
      disk.left = places;
      done = await fixture.open(QUIET).then(
        (vault) =>
          vault
            .close()
            .catch(() => {})
            .then(() => true),
        () => false,
      );
      disk.left = Number.POSITIVE_INFINITY;
      const vault = await fixture.open(QUIET);
      expect(vault.auditVerify()).toEqual([]);
      await vault.seal(meta(), secret());
      expect(reading(vault, 'src-1')).toBe(CANARY);
      await vault.close();
    }
    expect(places).toBeGreaterThan(2);
  });
});
