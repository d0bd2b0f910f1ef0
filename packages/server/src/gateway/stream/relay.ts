/** Collects the bytes to relay. Pieces that stand side by side in memory are joined without copying: one write instead of many. */
export class Relay {
  readonly #pieces: Uint8Array[] = [];

  add(piece: Uint8Array): void {
    if (piece.length === 0) return;
    const last = this.#pieces.at(-1);
    if (last !== undefined && last.buffer === piece.buffer && last.byteOffset + last.byteLength === piece.byteOffset) {
      this.#pieces[this.#pieces.length - 1] = new Uint8Array(piece.buffer, last.byteOffset, last.byteLength + piece.byteLength);
    } else this.#pieces.push(piece);
  }

  pieces(): readonly Uint8Array[] {
    return this.#pieces;
  }
}
