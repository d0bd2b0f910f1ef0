import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { modelsOf } from './catalogue.ts';
import { imagesOf } from './openai-images.ts';

const side = fc.integer({ min: 1, max: 20_000 });
const most = (id: string) => Number(imagesOf(id).imageTokens?.value);

/** 512 × 512 tiles of an image, as the guide counts them. */
function tilesOf(width: number, height: number): number {
  const fit = Math.min(1, 2048 / Math.max(width, height));
  const shrink = Math.min(1, 768 / (Math.min(width, height) * fit));
  const tiles = (pixels: number) => Math.ceil((Math.max(1, Math.round(pixels * fit * shrink)) - 1e-9) / 512);
  return tiles(width) * tiles(height);
}

/** 32 × 32 patches of an image, as the guide counts them. */
function patchesOf(width: number, height: number): number {
  const raw = Math.ceil(width / 32) * Math.ceil(height / 32);
  return Math.min(raw, 1536);
}

describe('imagesOf', () => {
  it.each([
    ['gpt-4o', 85, 170],
    ['gpt-4o-mini', 2833, 5667],
    ['gpt-4.1', 85, 170],
    ['o3', 75, 150],
    ['gpt-5', 70, 140],
  ])('%s: no image of any size has more tiles', (id, base, tile) => {
    fc.assert(fc.property(side, side, (width, height) => base + tile * tilesOf(width, height) <= most(id)));
    expect(base + tile * tilesOf(2048, 768)).toBe(most(id));
  });

  it.each([
    ['gpt-4.1-mini', 1.62],
    ['gpt-5-mini', 1.62],
    ['gpt-5-nano', 2.46],
    ['o4-mini', 1.72],
  ])('%s: no image of any size has more patches', (id, factor) => {
    fc.assert(fc.property(side, side, (width, height) => patchesOf(width, height) * factor <= most(id)));
    expect(most(id)).toBe(Math.ceil(1536 * factor));
    expect(imagesOf(id).imagesBilledBeyondWindow).toBe(true);
  });

  it('knows nothing of what is not documented', () => {
    expect(imagesOf('gpt-5.1')).toEqual({});
    expect(imagesOf('toString')).toEqual({});
    const without = modelsOf('openai').filter((model) => model.maxOutput.value > 0n && model.imageTokens === undefined);
    expect(without.map(({ id }) => id)).toEqual(['gpt-5.1', 'gpt-5.1-2025-11-13']);
  });
});
