/**
 * Loaded into a daemon before its own program: the fault that the memory test must find. It keeps a copy of everything short that is
 * wiped, in an object per call.
 */
const SHORT_BYTES = 128;
const kept: { copy: string }[] = [];
const { fill } = Buffer.prototype;

Buffer.prototype.fill = function wiped(this: Buffer, ...given: Parameters<Buffer['fill']>) {
  if (this.length < SHORT_BYTES) kept.push({ copy: this.toString('latin1') });
  return fill.apply(this, given);
} as Buffer['fill'];
