import { factsFrom } from './build.ts';
import type { ModelFacts } from './types.ts';

/**
 * The most that OpenAI bills for one image, whatever its size and detail.
 *
 * Tiles: the image is made to fit 2048 × 2048, then made smaller until its shortest side is 768; a base, and so much for each 512 × 512
 * tile: at most 4 × 2 of them. Patches: at most 1,536 of 32 × 32, times a factor of the model. A model that is not here has no documented
 * formula (gpt-5.1).
 */
const guide = factsFrom({
  source: 'https://developers.openai.com/api/docs/guides/images-vision#calculating-costs',
  date: '2026-11-21',
  grade: 'documented',
});

const TILES_MAX = 8n;
const PATCHES_MAX = 1_536n;

type Images = Pick<ModelFacts, 'imageTokens' | 'imagesBilledBeyondWindow'>;

function tiles(base: bigint, tile: bigint): Images {
  return { imageTokens: guide(base + TILES_MAX * tile) };
}

/** The factor makes what is billed; the model sees the patches. @param factor in hundredths. */
function patches(factor: bigint): Images {
  return { imageTokens: guide((PATCHES_MAX * factor + 99n) / 100n), imagesBilledBeyondWindow: true };
}

const IMAGES: ReadonlyMap<string, Images> = new Map([
  ['gpt-4o', tiles(85n, 170n)],
  // Priced to cost what gpt-4o’s images cost: its own numbers are for the bill, not for the window.
  ['gpt-4o-mini', { ...tiles(2_833n, 5_667n), imagesBilledBeyondWindow: true }],
  ['gpt-4.1', tiles(85n, 170n)],
  ['gpt-4.1-mini', patches(162n)],
  ['o3', tiles(75n, 150n)],
  ['o4-mini', patches(172n)],
  ['gpt-5', tiles(70n, 140n)],
  ['gpt-5-mini', patches(162n)],
  ['gpt-5-nano', patches(246n)],
]);

/** @param id the model's name without a date. @returns nothing where no formula is documented. */
export function imagesOf(id: string): Images {
  return IMAGES.get(id) ?? {};
}
