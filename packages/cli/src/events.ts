/** One event of a stream. `id`: where reading may go on, in `last-event-id`. */
export type SentEvent = { readonly event: string; readonly id: string | null; readonly data: unknown };
export type Events = AsyncGenerator<SentEvent, void>;

/** All turns of a task in its last event; what is longer is not the daemon's. */
const EVENT_CHARS_MAX = 16_777_216;

/** Reads server-sent events in the form that the daemon writes; comments, which keep the connection alive, are skipped. @throws where it breaks off */
export async function* readEvents(stream: AsyncIterable<Uint8Array>): Events {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of stream) {
    rest += decoder.decode(chunk, { stream: true });
    if (rest.length > EVENT_CHARS_MAX) throw new Error('An event is longer than any that the daemon sends.');
    const frames = rest.split('\n\n');
    rest = frames.pop() ?? '';
    for (const frame of frames) {
      const event = eventOf(frame);
      if (event !== null) yield event;
    }
  }
}

function eventOf(frame: string): SentEvent | null {
  const fields = new Map(frame.split('\n').map(fieldOf));
  const data = fields.get('data');
  return data === undefined ? null : { event: fields.get('event') ?? 'message', id: fields.get('id') ?? null, data: JSON.parse(data) };
}

function fieldOf(line: string): readonly [name: string, value: string] {
  const at = line.indexOf(':');
  return [line.slice(0, at), line.slice(at + 1).trimStart()];
}
