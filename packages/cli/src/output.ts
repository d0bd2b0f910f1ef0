import { styleText } from 'node:util';
import type { CliError } from './cli-error.ts';
import type { Io } from './io.ts';
import { type Column, cell, type Field, fields, prose, type Style, table } from './table.ts';

type Colour = 'red' | 'green' | 'yellow';

/** The only place that writes. Results go to standard output, everything said beside them to standard error. */
export class Output {
  readonly #io: Io;
  readonly json: boolean;

  constructor(io: Io, json: boolean) {
    this.#io = io;
    this.json = json;
  }

  /** The result: one JSON document with --json, else what `human` makes of it. */
  result(value: unknown, human: (style: Style) => string): void {
    this.#io.stdout.write(`${this.json ? JSON.stringify(value) : human(this.style)}\n`);
  }

  table(value: unknown, columns: readonly Column[], rows: readonly (readonly string[])[]): void {
    this.result(value, (style) => table(columns, rows, style));
  }

  fields(value: unknown, pairs: readonly Field[]): void {
    this.result(value, (style) => fields(pairs, style));
  }

  /** A piece of a longer text, as it comes; a pipe gets it as it is. */
  text(piece: string): void {
    this.#io.stdout.write(this.style.terminal ? prose(piece) : piece);
  }

  /** A remark for a person at a terminal; nothing depends on it, so neither pipes nor --json get it. */
  note(text: string): void {
    if (!this.json && this.#io.stderr.isTTY === true) this.#io.stderr.write(`${cell(text)}\n`);
  }

  error(error: CliError): void {
    const { code, message, fix, facts } = error;
    if (this.json)
      this.#io.stderr.write(`${JSON.stringify({ error: { code, message, fix, ...(facts === undefined ? {} : { facts }) } })}\n`);
    else this.#io.stderr.write(`${this.#paint(this.#io.stderr, 'red', 'error')} ${cell(`${code}: ${message} ${fix}`).trimEnd()}\n`);
  }

  /** `ok` in green, `FAIL` in red: the word carries the meaning, so that it survives without colour. */
  mark(ok: boolean): string {
    return ok ? this.#paint(this.#io.stdout, 'green', 'ok  ') : this.#paint(this.#io.stdout, 'red', 'FAIL');
  }

  get style(): Style {
    return {
      terminal: this.#io.stdout.isTTY === true,
      bold: (text) => (this.#coloured(this.#io.stdout) ? styleText('bold', text, { validateStream: false }) : text),
    };
  }

  #paint(stream: Io['stdout'], colour: Colour, text: string): string {
    return this.#coloured(stream) ? styleText(colour, text, { validateStream: false }) : text;
  }

  /** https://no-color.org: any value that is not empty turns colour off. */
  #coloured(stream: Io['stdout']): boolean {
    const { NO_COLOR, TERM } = this.#io.env;
    return stream.isTTY === true && (NO_COLOR === undefined || NO_COLOR === '') && TERM !== 'dumb';
  }
}
