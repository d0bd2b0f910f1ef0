/** An answer that is an error. How its body looks is the voice's: each provider shows other fields of it. */
export class ApiError extends Error {
  readonly status: number;
  /** OpenAI's and Anthropic's word for the kind; null where the voice derives it from the status. */
  readonly type: string | null;
  readonly param: string | null;
  readonly code: string | null;
  /** Google's `details`. */
  readonly details: readonly unknown[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, more: Partial<Pick<ApiError, 'type' | 'param' | 'code' | 'details' | 'headers'>> = {}) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.type = more.type ?? null;
    this.param = more.param ?? null;
    this.code = more.code ?? null;
    this.details = more.details ?? [];
    this.headers = more.headers ?? {};
  }
}

/** A 400 about one parameter. */
export function badParam(param: string, code: string | null, message: string): ApiError {
  return new ApiError(400, message, { param, code });
}

/** The JSON type of a value, with its article. */
export function article(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'number') return Number.isInteger(value) ? 'an integer' : 'a decimal number';
  return `a ${typeof value}`;
}
