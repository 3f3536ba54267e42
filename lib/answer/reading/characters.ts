/** Classes of characters, by their codes; outside a text (NaN) they are none. */
export const isDigit = (code: number): boolean => code >= 48 && code <= 57;
export const isLatin = (code: number): boolean => (code >= 97 && code <= 122) || (code >= 65 && code <= 90);
/** From the first CJK radicals on. */
export const isWide = (code: number): boolean => code >= 0x2e80;
export const digitAt = (text: string, i: number): boolean => isDigit(text.charCodeAt(i));
export const latinAt = (text: string, i: number): boolean => isLatin(text.charCodeAt(i));

/** Words that are listed in one string, apart by "|". */
export const wordsOf = (listed: string): string[] => listed.split("|");
