/**
 * HTML from notebook outputs, reduced to what tables and texts need. Everything that is not exactly such a
 * tag becomes visible text.
 */

const NAMES =
  "table|caption|thead|tbody|tfoot|tr|th|td|p|div|span|b|strong|i|em|u|s|code|pre|kbd|small|sub|sup|" +
  "mark|br|hr|ul|ol|li|dl|dt|dd|blockquote|h[2-6]|details|summary";
const TAG = new RegExp(`<(/?)(${NAMES})((?: +[a-z]+="[^"<>]*")*) */?>|<|>`, "g");
const ATTRIBUTE = / +([a-z]+)="([^"<>]*)"/g;
const ATTRIBUTES = new Set(["align", "valign", "width", "colspan", "rowspan", "class", "title", "style"]);
/** Colours, sizes, alignment; no url(), no escapes, no position. */
const PROPERTIES =
  "color|background|text-align|vertical-align|white-space|(?:min-)?width|table-layout|font-size|" +
  "font-weight|overflow-wrap";
const STYLE = new RegExp(`^(?:(?:${PROPERTIES}) *: *[-#%.\\w ]+;? *)*$`);

/**
 * Keeps an allow-list of tags, each written exactly as `<tag name="value">`, and of attributes; escapes every
 * other "<" and ">". No scripts, handlers, links, pictures, forms or style sheets survive. Text and entities
 * stay as they are. Linear in the length.
 */
export function sanitiseHtml(html: string): string {
  return html.replace(
    TAG,
    (tag: string, close: string | undefined, name: string | undefined, attributes: string | undefined) => {
      if (name === undefined) return tag === "<" ? "&lt;" : "&gt;";
      if (close) return `</${name}>`;
      let kept = "";
      for (const [, key, value] of (attributes ?? "").matchAll(ATTRIBUTE)) {
        if (ATTRIBUTES.has(key!) && (key !== "style" || (value!.length < 300 && STYLE.test(value!))))
          kept += ` ${key}="${value}"`;
      }
      return `<${name}${kept}>`;
    },
  );
}
