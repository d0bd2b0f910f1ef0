import { ApiError, type GenerateContentResponse, GoogleGenAI, type HttpOptions } from '@google/genai';
import { type Recorded, recordingFetch } from './calls.ts';

/** What Google's SDK raised, as the gateway said it, and what it took to get there. */
export type Raised = {
  readonly status: number;
  /** Our code, and the field that it names. */
  readonly code: string;
  readonly field: string | null;
  /** The canonical name that stands beside the status. */
  readonly name: string;
  readonly message: string;
  /** Requests that the SDK made for it. */
  readonly requests: number;
  readonly headers: Headers;
};

type Options = HttpOptions & { readonly apiVersion?: string };
type Detail = { readonly reason?: string; readonly metadata?: { readonly field?: string } };
type Body = { readonly error: { readonly status: string; readonly message: string; readonly details: readonly Detail[] } };

/** Official clients, one per virtual key, whose every exchange with the gateway is kept. */
export class GoogleCallers {
  readonly #url: string;
  readonly #records = new Map<string, ReturnType<typeof recordingFetch>>();
  readonly #headers: Headers[] = [];

  constructor(url: string) {
    this.#url = url;
  }

  client(apiKey: string, { apiVersion, ...options }: Options = {}): GoogleGenAI {
    const record = this.#records.get(apiKey) ?? recordingFetch();
    this.#records.set(apiKey, record);
    const keeping: typeof fetch = async (input, init) => {
      const answer = await record.fetch(input, init);
      this.#headers.push(answer.headers);
      return answer;
    };
    return new GoogleGenAI({
      apiKey,
      ...(apiVersion === undefined ? {} : { apiVersion }),
      httpOptions: { baseUrl: this.#url, fetch: keeping, ...options },
    });
  }

  /** What passed under a key, in the order in which it was answered. */
  calls(apiKey: string): readonly Recorded[] {
    return (this.#records.get(apiKey)?.all ?? []).map((call) => ({ ...call, virtualKey: apiKey }));
  }

  last(apiKey: string): Recorded {
    const call = this.calls(apiKey).at(-1);
    if (call === undefined) throw new Error('nothing was called with this key');
    return call;
  }

  /** @throws where the work ends well, or in another error than the SDK's own. */
  async raised(apiKey: string, work: () => Promise<unknown>): Promise<Raised> {
    const before = this.calls(apiKey).length;
    const error = await work().then(
      () => null,
      (cause: unknown) => cause,
    );
    if (!(error instanceof ApiError)) throw new Error(`expected an API error, got ${String(error)}`);
    const { status, message, details } = bodyOf(error.message).error;
    return {
      status: error.status,
      code: details[0]?.reason ?? '',
      field: details[0]?.metadata?.field ?? null,
      name: status,
      message,
      requests: this.calls(apiKey).length - before,
      headers: this.#headers.at(-1) ?? new Headers(),
    };
  }
}

/** The SDK's message is the body, or for an error inside a stream a status and the frame. */
function bodyOf(message: string): Body {
  return JSON.parse(message.slice(message.indexOf('{'))) as Body;
}

/** Reads a stream to its end. @returns what it says, thoughts left out, and its last chunk. */
export async function readAll(stream: AsyncIterable<GenerateContentResponse>): Promise<{ text: string; last: GenerateContentResponse }> {
  let text = '';
  let last: GenerateContentResponse | undefined;
  for await (const chunk of stream) {
    for (const part of chunk.candidates?.[0]?.content?.parts ?? []) if (part.thought !== true) text += part.text ?? '';
    last = chunk;
  }
  if (last === undefined) throw new Error('the stream was empty');
  return { text, last };
}
