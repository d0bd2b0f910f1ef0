import { AnthropicReader } from './anthropic-events.ts';
import { FrameScanner } from './frame-scanner.ts';

/** Scans a messages stream. Usage is part of its own events, so every byte is relayed as it came. */
export class AnthropicScanner extends FrameScanner {
  constructor(options: { readonly frameBytesMax?: number } = {}) {
    super(new AnthropicReader(), options);
  }
}
