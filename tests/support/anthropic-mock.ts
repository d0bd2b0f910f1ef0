import type { ServerResponse } from 'node:http';
import { LLMock } from '@copilotkit/aimock';
import { type Arrived, type RecordingUpstream, startRecordingUpstream } from './recording-upstream.ts';

/**
 * A third party's mock of Claude that takes one key only. Its own journal keeps neither the bytes nor the key that came, so what passes on
 * the way to it is kept here.
 */
export type AnthropicMock = {
  readonly mock: LLMock;
  /** For a source. */
  readonly url: string;
  readonly arrived: readonly Arrived[];
  close(): Promise<void>;
};

export async function startAnthropicMock(key: string): Promise<AnthropicMock> {
  const mock = new LLMock({ port: 0, journalMaxEntries: 0, chunkSize: 6, auth: { apiKeys: [key] } });
  await mock.start();
  const upstream: RecordingUpstream = await startRecordingUpstream();
  upstream.answer = (arrived, res) => pass(mock.url, arrived, res);
  return {
    mock,
    url: upstream.url,
    arrived: upstream.arrived,
    close: async () => {
      await upstream.close();
      await mock.stop();
    },
  };
}

/** Of one connection alone. */
const HOP: ReadonlySet<string> = new Set(['connection', 'content-length', 'host', 'keep-alive', 'transfer-encoding']);

/** Sends a request on as it came, and its answer back chunk by chunk; an answer that is cut is cut here too. */
async function pass(to: string, { path, headers, body }: Arrived, res: ServerResponse): Promise<void> {
  const kept = headers.filter(([name]) => !HOP.has(name.toLowerCase())).map(([name, value]): [string, string] => [name, value]);
  try {
    const answer = await fetch(to + path.replace('/base', ''), { method: 'POST', headers: kept, body: new Uint8Array(body) });
    res.writeHead(answer.status, Object.fromEntries([...answer.headers].filter(([name]) => !HOP.has(name))));
    for await (const chunk of answer.body ?? []) res.write(chunk);
    res.end();
  } catch {
    res.destroy();
  }
}
