/** The words of Latin letters and the numerals of a text in lower case. */
export function latinWords(text: string): string[] {
  const out: string[] = [];
  let word = "";
  for (const c of text + " ") {
    if ((c >= "a" && c <= "z") || (c >= "0" && c <= "9") || c === "." || c === "'") word += c;
    else if (word) {
      out.push(word);
      word = "";
    }
  }
  return out;
}
