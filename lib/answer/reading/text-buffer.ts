/**
 * Text made character by character. What comes out is one piece of memory: the readers look at each character
 * several times.
 */
import { codeAt } from "./characters.ts";

const PIECE = 1024;

export class TextBuffer {
  #codes = new Uint16Array(PIECE);
  #length = 0;

  clear(): this {
    this.#length = 0;
    return this;
  }

  /** Adds one character by its code. */
  push(code: number): void {
    if (this.#length === this.#codes.length) {
      const larger = new Uint16Array(2 * this.#length);
      larger.set(this.#codes);
      this.#codes = larger;
    }
    this.#codes[this.#length++] = code;
  }

  /** Adds `text` from `from` up to `to`. */
  write(text: string, from = 0, to = text.length): void {
    for (let i = from; i < to; i++) this.push(codeAt(text, i));
  }

  /** The code of the last character; NaN when there is none. */
  get last(): number {
    return this.#length > 0 ? this.#codes[this.#length - 1]! : NaN;
  }

  /** All of it. */
  toString(): string {
    let out = "";
    for (let from = 0; from < this.#length; from += PIECE)
      out += String.fromCharCode.apply(
        null,
        this.#codes.subarray(from, Math.min(this.#length, from + PIECE)) as unknown as number[],
      );
    return out;
  }
}
