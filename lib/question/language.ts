/** The language of a text, as far as this project needs to know: Chinese or another. Pure. */
export type Language = "zh" | "en";

/**
 * Han characters among the letters from which on a text counts as Chinese: formulas, tickers and names in
 * Latin letters stand in Chinese texts, too.
 */
const CHINESE_SHARE = 0.2;
/** What is looked at; more would not change the answer. */
const MAX_CHARACTERS = 4096;

/**
 * "zh" when at least a fifth of the letters are Han characters, else "en". Linear in its first 4,096
 * characters.
 */
export function languageOf(text: string): Language {
  let [han, latin] = [0, 0];
  const end = Math.min(text.length, MAX_CHARACTERS);
  for (let i = 0; i < end; i++) {
    const c = text.charCodeAt(i);
    if (c >= 0x3400 && c <= 0x9fff) han++;
    else if ((c >= 65 && c <= 90) || (c >= 97 && c <= 122)) latin++;
  }
  return han > 0 && han >= CHINESE_SHARE * (han + latin) ? "zh" : "en";
}
