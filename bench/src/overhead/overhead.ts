import type { ChildProcess } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Connections, type Phase, type Round, type Run, ratios, targets } from './figures.ts';
import { House } from './house.ts';
import { runLoad } from './load.ts';
import { CommitProbe, machine, peakMemoryMib, processorMs } from './machine.ts';
import { type Options, readOptions, USAGE, UsageError } from './options.ts';
import { REQUEST_BODY } from './payload.ts';
import { type About, report } from './report.ts';
import { direct, passthrough, portkey, portkeyVersion, SUBJECTS, type Subject, type SubjectName } from './subjects.ts';
import { type Tallystick, tallystick } from './tallystick.ts';

const EXIT_USAGE = 64;
const COMMITS_PER_ROUND = 60;
/** Enough to open connections and to have hot code compiled again after the other subjects' turns; the first round needs more. */
const WARM_UP_SHARE = 0.2;
const FIRST_WARM_UP = 1000;
/** What a subject leaves for later (signing receipts, say) must not fall into the next one's turn. */
const QUIET_WINDOW_MS = 120;
const QUIET_PROCESSOR_MS = 10;
const QUIET_TRIES = 40;

/** @returns the exit code: 1 where the books do not agree, since speed without the work is none. A missed target is told, not punished. */
export async function overhead(args: readonly string[]): Promise<number> {
  const options = optionsOf(args);
  if (typeof options === 'number') return options;
  if (options.profile !== null) mkdirSync(options.profile, { recursive: true });
  const house = new House();
  const { child: upstreamProcess, port } = await house.fork('upstream');
  const { child: generator } = await house.fork('load');
  const ours = await tallystick(house, port, options.profile === null ? null : resolve(options.profile));
  const subjects = [direct(port), await passthrough(house, port), ours.subject, await portkey(house, port)];
  const rounds = await allRounds(options, generator, subjects, new CommitProbe(join(house.folder, 'commit.db')));
  const run: Run = { rounds, peakMemoryMib: peaks(subjects) };
  const about: About = {
    machine: machine(house.folder),
    portkey: portkeyVersion(),
    rounds: options.rounds,
    requests: options.requests,
    profiled: options.profile !== null,
  };
  return finish(options, run, about, await close(house, ours, port, [generator, upstreamProcess]));
}

function optionsOf(args: readonly string[]): Options | number {
  try {
    const options = readOptions(args);
    if (!options.help) return options;
    console.log(USAGE);
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\n${USAGE}`);
    return EXIT_USAGE;
  }
}

async function allRounds(options: Options, generator: ChildProcess, subjects: readonly Subject[], probe: CommitProbe): Promise<Round[]> {
  const rounds: Round[] = [];
  for (const subject of subjects) await load(generator, subject, 32, FIRST_WARM_UP);
  for (let number = 1; number <= options.rounds; number += 1) {
    if (process.stderr.isTTY) process.stderr.write(`\rround ${number} of ${options.rounds} `);
    const commitMs = probe.measure(COMMITS_PER_ROUND);
    const phases: Partial<Record<SubjectName, Record<Connections, Phase>>> = {};
    for (const subject of subjects) phases[subject.name] = await oneSubject(options, generator, subject);
    rounds.push({ commitMs, phases: phases as Round['phases'] });
  }
  if (process.stderr.isTTY) process.stderr.write('\r                    \r');
  probe.close();
  return rounds;
}

async function oneSubject({ requests }: Options, generator: ChildProcess, subject: Subject): Promise<Record<Connections, Phase>> {
  await load(generator, subject, 32, Math.max(64, Math.round(requests * WARM_UP_SHARE)));
  const many = await load(generator, subject, 32, requests);
  return { 32: many, 1: await load(generator, subject, 1, requests) };
}

/** The processor time counts what the subject does after its last answer, too. */
async function load(generator: ChildProcess, { url, headers, child }: Subject, connections: Connections, requests: number): Promise<Phase> {
  const pid = child?.pid;
  const before = pid === undefined ? null : processorMs(pid);
  const result = await runLoad(generator, { url, headers, body: REQUEST_BODY, connections, requests });
  const after = pid === undefined ? null : await quiet(pid);
  return { ...result, processorMsPerRequest: before === null || after === null ? null : (after - before) / requests };
}

/** Waits until a process rests. @returns its processor time then, ms. */
async function quiet(pid: number): Promise<number | null> {
  let last = processorMs(pid);
  for (let tries = 0; tries < QUIET_TRIES && last !== null; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, QUIET_WINDOW_MS));
    const now = processorMs(pid);
    if (now === null || now - last <= QUIET_PROCESSOR_MS) return now;
    last = now;
  }
  return last;
}

function peaks(subjects: readonly Subject[]): Run['peakMemoryMib'] {
  const found = subjects.map(({ name, child }) => [name, child?.pid === undefined ? null : peakMemoryMib(child.pid)]);
  return Object.fromEntries(found) as Run['peakMemoryMib'];
}

/** The books are read while all is running; then everything is stopped, Tallystick as its operator would stop it. */
async function close(house: House, ours: Tallystick, upstreamPort: number, rest: readonly ChildProcess[]) {
  const books = await ours.books(upstreamPort);
  if (ours.subject.child !== null) await house.stop(ours.subject.child);
  for (const child of rest) await house.stop(child);
  return books;
}

function finish(options: Options, run: Run, about: About, books: { readonly ok: boolean; readonly lines: readonly string[] }): number {
  console.log(report(run, about, books.lines));
  if (options.json !== null) {
    const all = { about, subjects: SUBJECTS, ...run, ratios: ratios(run), targets: targets(run), books };
    writeFileSync(options.json, `${JSON.stringify(all, null, 2)}\n`);
  }
  return books.ok ? 0 : 1;
}
