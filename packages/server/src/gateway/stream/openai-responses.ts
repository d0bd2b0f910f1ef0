import { FrameScanner } from './frame-scanner.ts';
import { responsesEvents } from './openai-responses-events.ts';

/** Scans a responses stream. Usage is part of its own closing event, so every byte is relayed as it came. */
export class OpenAiResponsesScanner extends FrameScanner {
  constructor(options: { readonly frameBytesMax?: number } = {}) {
    super({ read: ({ event }, json) => (json === null ? [] : responsesEvents(json, event)) }, options);
  }
}
