import { between, pick } from '../support/random.ts';
import { STREAMS } from './corpus-streams.ts';
import { mutateTree, render, type Tree, treeOf } from './json-tree.ts';
import { mutateBytes } from './mutate-bytes.ts';
import type { Random } from './target.ts';

/** How many inputs are also broken as bytes, after what was done to their structure. */
const BROKEN_SHARE = 0.25;

/** @returns a maker of JSON texts that come from these values. @param fresh a further source of trees, used for half of them. */
export function jsonMaker(values: readonly unknown[], fresh?: (random: Random) => Tree): (random: Random) => Uint8Array {
  const trees = values.map(treeOf);
  const texts = values.map((value) => Buffer.from(JSON.stringify(value)));
  return (random) => {
    let tree: Tree = fresh !== undefined && random() < 0.5 ? fresh(random) : pick(random, trees);
    for (let left = between(random, 0, 2); left > 0; left -= 1) tree = mutateTree(tree, random, trees);
    const bytes = Buffer.from(render(tree, random));
    return random() < BROKEN_SHARE ? mutateBytes(bytes, random, texts) : bytes;
  };
}

const FRAMES = STREAMS.flatMap((stream) => stream.split(/(?<=\r?\n\r?\n)/));
const STREAM_BYTES = STREAMS.map((stream) => Buffer.from(stream));
const DATA_TREES = FRAMES.flatMap((frame) => {
  const json = /^data: (\{.*\})$/m.exec(frame)?.[1];
  return json === undefined ? [] : [treeOf(JSON.parse(json))];
});
const ENDS = ['\n', '\r\n', '\r'];

/** A stream: frames lost, doubled, taken from other dialects, with JSON changed inside them and lines cut and ended otherwise. */
export function makeStream(random: Random): Uint8Array {
  let frames = pick(random, STREAMS).split(/(?<=\r?\n\r?\n)/);
  for (let left = between(random, 0, 4); left > 0; left -= 1) frames = mutateFrames(frames, random);
  let text = frames.join('');
  if (random() < 0.2) text = text.replace(/\r\n|\r|\n/g, () => pick(random, ENDS));
  const bytes = Buffer.from(text);
  return random() < BROKEN_SHARE ? mutateBytes(bytes, random, STREAM_BYTES) : bytes;
}

function mutateFrames(frames: readonly string[], random: Random): string[] {
  const at = between(random, 0, Math.max(0, frames.length - 1));
  const frame = frames[at] ?? '';
  const other = pick(random, FRAMES);
  const with_ = (...middle: readonly string[]) => [...frames.slice(0, at), ...middle, ...frames.slice(at + 1)];
  const kind = random();
  if (kind < 0.1) return with_();
  if (kind < 0.2) return with_(frame, frame);
  if (kind < 0.3) return with_(frame, other);
  if (kind < 0.4) return with_(frame.replace(/\n$/, ''));
  if (kind < 0.5)
    return with_(
      frame.replace('data: ', pick(random, ['data:', 'data:  ', 'Data: ', 'data : ', 'dat', ': ', 'event: x\ndata: ', 'data\ndata: '])),
    );
  if (kind < 0.6) return with_(frame.replace(/,"/, ',\ndata: "'));
  return with_(frame.replace(/\{.*\}/, () => changedJson(frame, random)));
}

function changedJson(frame: string, random: Random): string {
  const json = /\{.*\}/.exec(frame)?.[0] ?? '{}';
  try {
    return render(mutateTree(treeOf(JSON.parse(json)), random, DATA_TREES), random).replace(/[\r\n]/g, ' ');
  } catch {
    return render(mutateTree(pick(random, DATA_TREES), random, DATA_TREES), random).replace(/[\r\n]/g, ' ');
  }
}
