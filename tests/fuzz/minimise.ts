/** Checks are cheap but not free: a finding that does not shrink within these is shown as it is. */
const TRIES_MAX = 3000;

/** Takes pieces out, ever smaller ones, as long as the rest still `fails`. */
export function minimise(input: Uint8Array, fails: (shorter: Uint8Array) => boolean): Uint8Array {
  let best = Buffer.from(input);
  let tries = 0;
  for (let size = Math.ceil(best.length / 2); size >= 1 && tries < TRIES_MAX; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    let at = 0;
    while (at < best.length && tries < TRIES_MAX) {
      const shorter = Buffer.concat([best.subarray(0, at), best.subarray(at + size)]);
      tries += 1;
      if (fails(shorter)) best = shorter;
      else at += size;
    }
  }
  return best;
}
