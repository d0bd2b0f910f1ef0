import { type Body, type CacheWrites, given, isObject } from '../ask.ts';
import { ApiError } from '../errors.ts';

/** Where a value stands, as Anthropic writes it: `messages.0.content.1.text`; empty for the body itself. */
export type Path = string;

/** Limit of the real API. */
const CACHE_MARKS_MAX = 4;

export function under(path: Path, name: string | number): Path {
  return path === '' ? `${name}` : `${path}.${name}`;
}

export function invalid(path: Path, message: string): ApiError {
  return new ApiError(400, `${path}: ${message}`);
}

export function objectAt(value: unknown, path: Path, known: readonly string[]): Body {
  if (value === undefined) throw invalid(path, 'Field required');
  if (!isObject(value)) throw invalid(path, 'Input should be a valid dictionary');
  const other = Object.keys(value).find((name) => !known.includes(name));
  if (other !== undefined) throw invalid(under(path, other), 'Extra inputs are not permitted');
  return value;
}

export function listAt(value: unknown, path: Path): readonly unknown[] {
  if (value === undefined) throw invalid(path, 'Field required');
  if (!Array.isArray(value)) throw invalid(path, 'Input should be a valid list');
  return value;
}

export function textAt(value: unknown, path: Path): string {
  if (value === undefined) throw invalid(path, 'Field required');
  if (typeof value !== 'string') throw invalid(path, 'Input should be a valid string');
  return value;
}

export function oneOf<T extends string>(value: unknown, path: Path, allowed: readonly T[]): T {
  const found = allowed.find((each) => each === value);
  if (found !== undefined) return found;
  if (value === undefined) throw invalid(path, 'Field required');
  throw invalid(path, `Input should be ${allowed.map((each) => `'${each}'`).join(' or ')}`);
}

export function booleanAt(value: unknown, path: Path): boolean | undefined {
  if (!given(value)) return undefined;
  if (typeof value !== 'boolean') throw invalid(path, 'Input should be a valid boolean');
  return value;
}

export function integerAt(value: unknown, path: Path, least: number): number {
  if (value === undefined) throw invalid(path, 'Field required');
  if (typeof value !== 'number' || !Number.isInteger(value)) throw invalid(path, 'Input should be a valid integer');
  if (value < least) throw invalid(path, `Input should be greater than or equal to ${least}`);
  return value;
}

/** Temperature and the like: checked, then without effect. */
export function numberAt(value: unknown, path: Path, least: number, most: number): void {
  if (!given(value)) return;
  if (typeof value !== 'number') throw invalid(path, 'Input should be a valid number');
  if (value < least) throw invalid(path, `Input should be greater than or equal to ${least}`);
  if (value > most) throw invalid(path, `Input should be less than or equal to ${most}`);
}

/** The cache marks of one request, collected while it is read. */
export class CacheMarks {
  #count = 0;
  #fiveMinutes = false;
  #oneHour = false;

  /** Notes the `cache_control` of one block, tool or body. @throws ApiError 400 for one too many */
  read({ cache_control: control }: Body, path: Path): void {
    if (!given(control)) return;
    const at = under(path, 'cache_control');
    const mark = objectAt(control, at, ['type', 'ttl']);
    oneOf(mark.type, under(at, 'type'), ['ephemeral']);
    const ttl = given(mark.ttl) ? oneOf(mark.ttl, under(at, 'ttl'), ['5m', '1h']) : '5m';
    if (ttl === '1h') this.#oneHour = true;
    else this.#fiveMinutes = true;
    this.#count += 1;
    if (this.#count <= CACHE_MARKS_MAX) return;
    throw new ApiError(400, `A maximum of ${CACHE_MARKS_MAX} blocks with cache_control may be provided. Found ${this.#count}.`);
  }

  writes(): CacheWrites {
    return { fiveMinutes: this.#fiveMinutes, oneHour: this.#oneHour };
  }
}
