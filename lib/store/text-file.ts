/** A text file from somebody else: read as UTF-8, or refused by the name of what it is. */
import { readFileSync, statSync } from "node:fs";
import { fileError } from "./atomic.ts";
import { LabError } from "../errors.ts";

/**
 * The bytes of a file that can be UTF-8 text, its byte order mark taken off.
 *
 * Throws LabError: missing, not a file, empty or blank, UTF-16 or UTF-32 (by mark or by its zero bytes),
 * compressed, or not UTF-8 anywhere (named GBK where it reads as that). Single broken lines in UTF-8 text are
 * the caller's to judge.
 */
export function readTextBytes(path: string): Buffer {
  let bytes: Buffer;
  try {
    if (!statSync(path).isFile())
      throw new LabError({
        what: "A file could not be read",
        where: path,
        expected: "a file",
        found: "a folder or a device",
      });
    bytes = readFileSync(path);
  } catch (cause) {
    throw fileError("A file could not be read", path, cause);
  }
  const encoding = foreignEncoding(bytes);
  if (encoding)
    throw new LabError({
      what: "A file has the wrong encoding",
      where: path,
      expected: "UTF-8",
      found: encoding.name,
      todo: encoding.todo,
    });
  if (bytes.length >= 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf)
    bytes = bytes.subarray(3);
  if (/^\s*$/.test(bytes.subarray(0, 4096).toString("latin1")) && bytes.toString("utf8").trim() === "")
    throw new LabError({
      what: "A file is empty",
      where: path,
      expected: "rows with question and gold_answer",
      found: `${bytes.length} bytes`,
    });
  return bytes;
}

/** Throws LabError naming the line of the first byte that is not UTF-8. */
export function decodeUtf8(bytes: Buffer, path: string): string {
  const text = bytes.toString("utf8");
  if (!text.includes("\ufffd") || Buffer.from(text, "utf8").equals(bytes)) return text;
  const line = text.slice(0, firstBroken(text, bytes)).split("\n").length;
  throw new LabError({
    what: "A file has the wrong encoding",
    where: `${path}, line ${line}`,
    expected: "UTF-8",
    found: "bytes that are not",
  });
}

function firstBroken(text: string, bytes: Buffer): number {
  for (let at = text.indexOf("\ufffd"); at !== -1; at = text.indexOf("\ufffd", at + 1)) {
    const before = Buffer.byteLength(text.slice(0, at));
    // not a replacement character that was in the file
    if (bytes.subarray(before, before + 3).toString("hex") !== "efbfbd") return at;
  }
  return text.length;
}

function foreignEncoding(bytes: Buffer): { name: string; todo: string } | null {
  const convert = (from: string) => `Convert it: iconv -f ${from} -t UTF-8 FILE > NEW`;
  const start = bytes.subarray(0, 4).toString("hex");
  if (start === "fffe0000" || start === "0000feff") return { name: "UTF-32", todo: convert("UTF-32") };
  if (start.startsWith("fffe")) return { name: "UTF-16 (little endian)", todo: convert("UTF-16") };
  if (start.startsWith("feff")) return { name: "UTF-16 (big endian)", todo: convert("UTF-16") };
  if (start.startsWith("1f8b")) return { name: "gzip", todo: "Unpack it first: gunzip FILE" };
  if (start === "504b0304")
    return { name: "a ZIP archive or a spreadsheet", todo: "Unpack it, or export the sheet as CSV (UTF-8)." };
  const head = bytes.subarray(0, 4096);
  const zeros = head.filter((b) => b === 0).length;
  if (head.length >= 8 && zeros > head.length / 4) {
    const even = head.filter((b, i) => b === 0 && i % 2 === 0).length;
    return {
      name: `UTF-16 (${even > zeros / 2 ? "big" : "little"} endian, no mark)`,
      todo: convert(even > zeros / 2 ? "UTF-16BE" : "UTF-16LE"),
    };
  }
  return notUtf8Anywhere(bytes)
    ? {
        name: isGbk(bytes) ? "GBK or GB18030" : "neither UTF-8 nor UTF-16 nor GBK",
        todo: isGbk(bytes) ? convert("GB18030") : "Save it as UTF-8.",
      }
    : null;
}

/** Some line holds bytes above 127, and none of those lines is UTF-8. */
function notUtf8Anywhere(bytes: Buffer): boolean {
  const strict = new TextDecoder("utf-8", { fatal: true });
  let start = 0,
    high = false;
  while (start < bytes.length) {
    const newline = bytes.indexOf(10, start);
    const end = newline === -1 ? bytes.length : newline;
    const line = bytes.subarray(start, end);
    if (line.some((b) => b > 0x7f)) {
      high = true;
      try {
        strict.decode(line);
        return false;
      } catch {
        // one more broken line
      }
    }
    start = end + 1;
  }
  return high;
}

function isGbk(bytes: Buffer): boolean {
  try {
    const text = new TextDecoder("gb18030", { fatal: true }).decode(bytes);
    // Any bytes read as GB18030 more often than not; real text is made of common characters.
    const han = text.match(/\p{Script=Han}/gu)?.length ?? 0;
    const common = text.match(/[\u4e00-\u9fa5]/g)?.length ?? 0;
    return han > 0 && common / han > 0.95;
  } catch {
    return false;
  }
}
