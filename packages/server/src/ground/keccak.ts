import { useKeccak } from '@tallystick/core';
import { createKeccak } from 'hash-wasm';

/** Lets this thread hash in WebAssembly: a receipt takes 17 permutations, and plain JavaScript needs microseconds for each. */
export async function hashFast(): Promise<void> {
  const hasher = await createKeccak(256);
  useKeccak((bytes) => hasher.init().update(bytes).digest('binary'));
}
