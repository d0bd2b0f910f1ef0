import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

const CHUNK_BYTES = 1 << 22;
/** Pages of the kernel's own that are shown in every process; they cannot be read so. */
const KERNELS = /\[(vvar|vvar_vclock|vsyscall)\]$/;
/** A program or library as it is on disk: where nothing can be written, nothing of this process can be in it. */
const FILE = / \/.*$/;
/** Of an entry of the page map, its upper half: the page is in memory, or in swap. The runtime sets gigabytes aside that are neither. */
const IN_USE = 0xc0000000;
const ENTRY_BYTES = 8;

type Range = { readonly from: number; readonly to: number };

/** @returns why the memory of a child cannot be read here, or null where it can. */
export function memoryUnreadable(pid: number): string | null {
  if (process.platform !== 'linux') return `there is no /proc on ${process.platform}`;
  try {
    closeSync(openSync(`/proc/${pid}/mem`, 'r'));
    return null;
  } catch (error) {
    return `this machine does not let a process read the memory of its own child (${(error as NodeJS.ErrnoException).code})`;
  }
}

/** How often each of the needles stands in the memory of another process: in all that it can read itself. */
export function countInMemory(pid: number, needles: ReadonlyMap<string, Buffer>): ReadonlyMap<string, number> {
  const counts = new Map([...needles.keys()].map((name) => [name, 0]));
  const overlap = Math.max(...[...needles.values()].map(({ length }) => length)) - 1;
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  const buffer = Buffer.alloc(CHUNK_BYTES);
  try {
    for (const { from, to } of rangesOf(pid)) {
      // Steps overlap, so that a needle across a border is seen whole. What ends in the overlap was counted in the step before.
      for (let at = from; at < to; at += CHUNK_BYTES - overlap) {
        const bytes = readAt(memory, buffer, at, Math.min(CHUNK_BYTES, to - at));
        const newFrom = at === from ? 0 : overlap;
        for (const [name, needle] of needles) counts.set(name, (counts.get(name) ?? 0) + countIn(bytes, needle, newFrom));
      }
    }
  } finally {
    closeSync(memory);
  }
  return counts;
}

function countIn(bytes: Buffer, needle: Buffer, newFrom: number): number {
  let count = 0;
  for (let hit = bytes.indexOf(needle); hit >= 0; hit = bytes.indexOf(needle, hit + 1)) if (hit + needle.length > newFrom) count += 1;
  return count;
}

/** What is in use of each mapping, neighbouring pages together. */
function rangesOf(pid: number): Range[] {
  const mappings = readFileSync(`/proc/${pid}/smaps`, 'utf8').split(/\n(?=[0-9a-f]+-[0-9a-f]+ )/);
  const pages = openSync(`/proc/${pid}/pagemap`, 'r');
  try {
    return mappings.flatMap((mapping) => {
      const [head = ''] = mapping.split('\n');
      const [, from = '', to = '', rights = ''] = /^([0-9a-f]+)-([0-9a-f]+) (....)/.exec(head) ?? [];
      if (!rights.startsWith('r') || KERNELS.test(head) || (rights[1] === '-' && FILE.test(head))) return [];
      const pageBytes = Number(/^KernelPageSize:\s+(\d+) kB/m.exec(mapping)?.[1]) * 1024;
      return inUse(pages, { from: Number.parseInt(from, 16), to: Number.parseInt(to, 16) }, pageBytes);
    });
  } finally {
    closeSync(pages);
  }
}

function inUse(pages: number, { from, to }: Range, pageBytes: number): Range[] {
  const entries = readAt(pages, Buffer.alloc(((to - from) / pageBytes) * ENTRY_BYTES), (from / pageBytes) * ENTRY_BYTES);
  const ranges: Range[] = [];
  for (let at = 0; at < entries.length; at += ENTRY_BYTES) {
    if ((entries.readUInt32LE(at + 4) & IN_USE) === 0) continue;
    const page = from + (at / ENTRY_BYTES) * pageBytes;
    const last = ranges.at(-1);
    if (last?.to === page) ranges[ranges.length - 1] = { from: last.from, to: page + pageBytes };
    else ranges.push({ from: page, to: page + pageBytes });
  }
  return ranges;
}

/** @returns nothing where the mapping went away meanwhile. */
function readAt(file: number, buffer: Buffer, at: number, length = buffer.length): Buffer {
  try {
    return buffer.subarray(0, readSync(file, buffer, 0, length, at));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EIO') return buffer.subarray(0, 0);
    throw error;
  }
}
