import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

const CHUNK_BYTES = 1 << 22;

/** What cannot be read as a file is read: the pages of the kernel's own that are shown in every process. */
const NOT_OURS = /\[(vvar|vvar_vclock|vsyscall)\]$/;

/**
 * How often each of the needles stands in the memory of another process: all that it can read itself, which is more than it can change.
 * Needs Linux and the right to trace that process. @throws EACCES, EPERM, ENOENT where this cannot be done here.
 */
export function countInMemory(pid: number, needles: ReadonlyMap<string, Buffer>): Map<string, number> {
  const counts = new Map([...needles.keys()].map((name) => [name, 0]));
  const longest = Math.max(...[...needles.values()].map(({ length }) => length));
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  const buffer = Buffer.alloc(CHUNK_BYTES);
  try {
    for (const { from, to } of readableRegions(pid)) {
      // Steps overlap by one byte less than the longest needle, so that one across a border is seen, and none is counted twice by `newFrom`.
      for (let at = from; at < to; at += CHUNK_BYTES - longest + 1) {
        const bytes = readAt(memory, buffer, at, Math.min(CHUNK_BYTES, to - at));
        if (bytes === null) continue;
        const newFrom = at === from ? 0 : longest - 1;
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
  // A hit counts in the step in which its last byte is new.
  for (let hit = bytes.indexOf(needle); hit >= 0; hit = bytes.indexOf(needle, hit + 1)) if (hit + needle.length > newFrom) count += 1;
  return count;
}

function readableRegions(pid: number): { from: number; to: number }[] {
  return readFileSync(`/proc/${pid}/maps`, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, from = '', to = '', rights = ''] = /^([0-9a-f]+)-([0-9a-f]+) (....)/.exec(line) ?? [];
      return rights.startsWith('r') && !NOT_OURS.test(line) ? [{ from: Number.parseInt(from, 16), to: Number.parseInt(to, 16) }] : [];
    });
}

/** @returns null where a mapping went away meanwhile, or has no page behind it. */
function readAt(memory: number, buffer: Buffer, at: number, length: number): Buffer | null {
  try {
    return buffer.subarray(0, readSync(memory, buffer, 0, length, at));
  } catch (error) {
    if (['EIO', 'EFAULT', 'ENOMEM'].includes(String((error as NodeJS.ErrnoException).code))) return null;
    throw error;
  }
}
