import type { IncomingMessage } from 'node:http';
import { TallyError } from '@tallystick/core';
import type { Reservation } from './byte-budget.ts';

/**
 * Reads a whole request body, bounded in bytes and time.
 * @throws OVERLOADED (all requests together), BODY_TOO_LARGE, BODY_TIMEOUT, CONTENT_TYPE_INVALID (a content encoding), BODY_INVALID (cut short).
 */
export function readBody(
  req: IncomingMessage,
  limits: { readonly bytesMax: number; readonly timeoutMs: number; readonly room: Reservation },
): Promise<Buffer> {
  const encoding = req.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    return Promise.reject(new TallyError('CONTENT_TYPE_INVALID', 'The body is compressed; send it plain.'));
  }
  const declared = req.headers['content-length'];
  if (declared !== undefined && Number(declared) > limits.bytesMax) return Promise.reject(tooLarge(limits.bytesMax));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const fail = (error: TallyError) => {
      clearTimeout(timer);
      req.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose);
      // What still arrives is thrown away, never kept.
      req.on('error', () => {}).resume();
      reject(error);
    };
    const timer = setTimeout(() => fail(new TallyError('BODY_TIMEOUT')), limits.timeoutMs);
    const onData = (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > limits.bytesMax) return fail(tooLarge(limits.bytesMax));
      try {
        limits.room.take(chunk.length);
        chunks.push(chunk);
      } catch (error) {
        fail(error as TallyError);
      }
    };
    const onEnd = () => {
      clearTimeout(timer);
      req.off('close', onClose).off('error', onClose);
      resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, bytes));
    };
    const onClose = () => fail(new TallyError('BODY_INVALID', 'The body ended before its declared length.'));
    req.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
  });
}

function tooLarge(bytesMax: number): TallyError {
  return new TallyError('BODY_TOO_LARGE', `The body is larger than ${bytesMax} bytes.`, { bytes_max: bytesMax });
}
