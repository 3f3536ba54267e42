/** The time in a report's name: sorts as text, and any file system takes it. */
export function fileStamp(time: Date = new Date()): string {
  return time.toISOString().replace(/[-:.]/g, ""); //=> 20261122T134500123Z
}
