/**
 * The characters of a text as a row of codes. The readers look at each several times, and a string may be
 * held in many forms (a piece of another, two joined, one or two bytes a character), each of which makes
 * every look slower.
 */
const { charCodeAt } = String.prototype;

/**
 * The code at `i`, which must lie inside the text. Called this way it costs the same for strings of all
 * forms.
 */
export const codeAt = (text: string, i: number): number => charCodeAt.call(text, i);

export class Characters {
  text = "";
  length = 0;
  #codes = new Uint16Array(4097);

  /** Reads another text; what was read before is gone. */
  take(text: string): this {
    const { length } = text;
    if (length >= this.#codes.length) this.#codes = new Uint16Array(2 * length);
    const codes = this.#codes;
    for (let i = 0; i < length; i++) codes[i + 1] = codeAt(text, i);
    this.text = text;
    this.length = length;
    return this;
  }

  /** 0 outside the text; no text holds a NUL once it is normalised. */
  code(i: number): number {
    return i < this.length ? this.#codes[i + 1]! : 0;
  }

  /** Is it `sign` (one character) that stands at `i`? */
  is(i: number, sign: string): boolean {
    return this.code(i) === sign.charCodeAt(0);
  }

  /** The character at `i`, which must lie inside the text. */
  at(i: number): string {
    return this.text[i]!;
  }

  slice(from: number, to: number): string {
    return this.text.slice(from, to);
  }

  startsWith(word: string, at: number): boolean {
    for (let i = 0; i < word.length; i++) if (this.code(at + i) !== word.charCodeAt(i)) return false;
    return true;
  }
}
