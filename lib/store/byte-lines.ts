/**
 * A byte stream as lines of strict UTF-8. Node's readline would also cut at U+2028, which JSON allows inside
 * a string.
 */

export type ByteLine = { text: string } | { invalid: string };

/**
 * Lines end at "\n" alone; a last line without one counts. A line that is not UTF-8 comes as `invalid`, the
 * rest goes on.
 */
export async function* byteLines(stream: AsyncIterable<Uint8Array>): AsyncGenerator<ByteLine> {
  const parts: Uint8Array[] = [];
  for await (const chunk of stream) {
    let from = 0;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
      parts.push(chunk.subarray(from, at));
      yield decode(parts);
      parts.length = 0;
      from = at + 1;
    }
    if (from < chunk.length) parts.push(chunk.subarray(from));
  }
  if (parts.length > 0) yield decode(parts);
}

const decoder = new TextDecoder("utf-8", { fatal: true });

function decode(parts: Uint8Array[]): ByteLine {
  try {
    return { text: decoder.decode(parts.length === 1 ? parts[0] : Buffer.concat(parts)) };
  } catch {
    return { invalid: "the line is not UTF-8" };
  }
}
