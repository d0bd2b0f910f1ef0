/** What every dialect takes as an image. */
const IMAGE_TYPES = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp']);
const BASE64 = /^[A-Za-z0-9+/_-]+={0,2}$/;
const DATA_URL = /^data:([a-z]+\/[a-z0-9.+-]+);base64,/;

/** @returns whether `data` is the base64 of something; what it is of is not looked at, nor is its size billed. */
export function isBase64(data: unknown): data is string {
  return typeof data === 'string' && BASE64.test(data);
}

export function isImageType(type: unknown): boolean {
  return typeof type === 'string' && IMAGE_TYPES.has(type);
}

/** @returns whether the URL carries an image itself, rather than lead to one. */
export function isImageUrl(url: unknown): boolean {
  if (typeof url !== 'string') return false;
  const [prefix, type] = DATA_URL.exec(url) ?? [];
  return prefix !== undefined && isImageType(type) && isBase64(url.slice(prefix.length));
}
