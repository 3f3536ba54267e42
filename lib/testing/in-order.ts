/** A pattern of several: each of them somewhere behind the one before. For messages of many lines. */
export function inOrder(...parts: readonly RegExp[]): RegExp {
  return new RegExp(parts.map(({ source }) => source).join("[^]*"));
}
