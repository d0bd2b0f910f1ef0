import { readFileSync } from 'node:fs';

// Loaded into a daemon before anything else (`--import`): its wall clock is ahead by what a file says, as if somebody had set it.

const FILE = process.env['TALLY_TEST_CLOCK'] ?? '';
const READ_EVERY_MS = 20;

const real = Date.now;
let aheadMs = 0;
let readAt = Number.NEGATIVE_INFINITY;

Date.now = () => {
  if (performance.now() - readAt > READ_EVERY_MS) {
    aheadMs = Number(readFileSync(FILE, 'utf8'));
    readAt = performance.now();
  }
  return real() + aheadMs;
};
