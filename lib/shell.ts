/**
 * A text as one word of a command line that is shown to be copied (POSIX shell). In single quotes nothing is
 * special but the quote itself; a plain path stays as it is.
 */
export function quoteForShell(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
