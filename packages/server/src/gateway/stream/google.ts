import { FrameScanner } from './frame-scanner.ts';
import { GoogleReader } from './google-events.ts';

/** Scans a `streamGenerateContent` stream. Usage is part of its own frames, so every byte is relayed as it came. */
export class GoogleScanner extends FrameScanner {
  /** @param options.choices how many candidates were asked for. */
  constructor(options: { readonly choices: number; readonly frameBytesMax?: number }) {
    super(new GoogleReader(options.choices), options);
  }
}
