import { readFileSync } from 'node:fs';

// Loaded into a daemon before anything else (`--import`). A file says by how much its wall clock is ahead, as if somebody had set it; and, where
// it has a second number, how much time has passed beside the real one, by both clocks. Milliseconds.

const FILE = process.env['TALLY_TEST_CLOCK'] ?? '';
const READ_EVERY_MS = 20;

const real = Date.now;
const realMonotonic = performance.now.bind(performance);
let aheadMs = 0;
let passedMs = 0;
let readAt = Number.NEGATIVE_INFINITY;

function read(): void {
  if (realMonotonic() - readAt <= READ_EVERY_MS) return;
  const [ahead = 0, passed = 0] = readFileSync(FILE, 'utf8').split(' ').map(Number);
  aheadMs = ahead;
  passedMs = passed;
  readAt = realMonotonic();
}

Date.now = () => {
  read();
  return real() + aheadMs + passedMs;
};

performance.now = () => {
  read();
  return realMonotonic() + passedMs;
};
