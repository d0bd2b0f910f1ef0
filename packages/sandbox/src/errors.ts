/** An answer that is an error, in the shape of the OpenAI API: `{error: {message, type, param, code}}`. */
export class ApiError extends Error {
  readonly status: number;
  readonly type: string;
  readonly param: string | null;
  readonly code: string | null;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, more: Partial<Pick<ApiError, 'type' | 'param' | 'code' | 'headers'>> = {}) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.type = more.type ?? 'invalid_request_error';
    this.param = more.param ?? null;
    this.code = more.code ?? null;
    this.headers = more.headers ?? {};
  }

  body(): string {
    return `${JSON.stringify({ error: { message: this.message, type: this.type, param: this.param, code: this.code } }, null, 2)}\n`;
  }
}

/** A 400 about one parameter. */
export function badParam(param: string, code: string | null, message: string): ApiError {
  return new ApiError(400, message, { param, code });
}

/** A 400 because a parameter has the wrong JSON type; `expected` with its article, for example `an integer`. */
export function wrongType(param: string, expected: string, got: unknown): ApiError {
  return badParam(param, 'invalid_type', `Invalid type for '${param}': expected ${expected}, but got ${article(got)} instead.`);
}

/** A 400 because the sandbox does not do what the real API might. */
export function unsupported(param: string, why: string): ApiError {
  return badParam(param, 'unsupported_parameter', `Unsupported parameter: '${param}' ${why} (tallystick sandbox).`);
}

function article(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'number') return Number.isInteger(value) ? 'an integer' : 'a decimal number';
  return `a ${typeof value}`;
}
