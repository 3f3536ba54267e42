/** The reports' one style sheet: a calm column, light and dark, on a phone, and on paper. */
import { FONT_STACK } from "../figures/theme.ts";
import { BADGES, MARKS, TAG_COLOUR } from "../view/sample-view.ts";

const MONO =
  "ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', 'Noto Sans Mono CJK SC', monospace";

/** Colours that outputs carry themselves, for the dark form: those of light paper cannot be read there. */
const DARK_OUTPUTS = [
  ...Object.entries({ good: "#14452f", bad: "#5a2a17", note: "#4d4310" }).map(
    ([kind, dark]) =>
      `mark[style*="${MARKS[kind as keyof typeof MARKS]}"] { background: ${dark} !important; }`,
  ),
  ...Object.entries({ yes: "#3fb68b", no: "#f0883e", open: "#9aa4ae" }).map(
    ([kind, dark]) =>
      `[style*="color:${BADGES[kind as keyof typeof BADGES].colour}"] { color: ${dark} !important; }`,
  ),
  `[style*="color:${TAG_COLOUR}"] { color: #58a6d6 !important; }`,
].join("\n  ");

export const STYLE = `
:root { color-scheme: light; --paper: #fff; --ink: #24292f; --soft: #57606a; --faint: #6e7781; --line: #d8dee4; --wash: #f6f8fa; --link: #0072b2;
  --keyword: #a626a4; --string: #00734f; --number: #b34700; --good: #e6f4ee; --good-ink: #00734f; --bad: #fdeee4; --bad-ink: #b34700; }
@media screen and (prefers-color-scheme: dark) {
  :root { color-scheme: dark; --paper: #0d1117; --ink: #e6edf3; --soft: #b1bac4; --faint: #9aa4ae; --line: #30363d; --wash: #161b22; --link: #58a6d6;
    --keyword: #d2a8ff; --string: #7ee2b8; --number: #ffa657; --good: #12261e; --good-ink: #3fb68b; --bad: #2d1a10; --bad-ink: #f0883e; }
  figure.plot > img.still { filter: invert(0.93) hue-rotate(180deg); }
  ${DARK_OUTPUTS}
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0; color: var(--ink); background: var(--paper); font: 16px/1.6 ${FONT_STACK}; }
header { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 4px 18px; padding: 12px 24px; border-bottom: 1px solid var(--line); background: var(--wash); font-size: 14px; }
.neighbours { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 4px 18px; } main .neighbours { border-top: 1px solid var(--line); margin-top: 40px; padding-top: 12px; font-size: 14px; }
main, footer { max-width: 948px; margin: 0 auto; padding: 8px 24px 40px; min-width: 0; }
footer { color: var(--faint); font-size: 13px; border-top: 1px solid var(--line); padding-top: 12px; }
.contents { max-width: 948px; margin: 12px auto 0; padding: 0 24px; font-size: 14px; line-height: 1.45; } .contents summary { cursor: pointer; font-weight: 600; } .contents li summary { font-weight: normal; }
.contents ul { list-style: none; margin: 4px 0; padding: 0; } .contents ul ul { padding-left: 14px; font-size: 13px; } .contents li { padding: 3px 0; } .contents li:not(:has(> details)) { padding-left: 15px; } .contents a { color: var(--soft); } .contents nav > ul > li:not(:has(> details)) { padding-left: 0; }
@media screen and (min-width: 1240px) {
  .columns { display: grid; grid-template-columns: 250px minmax(0, 948px); justify-content: center; column-gap: 16px; }
  .contents { position: sticky; top: 0; align-self: start; width: 250px; max-height: 100vh; overflow-y: auto; margin: 0; padding: 28px 0 28px 16px; }
  main { width: 100%; } footer { border: 0; }
}
@supports selector(::details-content) { @media screen and (min-width: 1240px) { .contents:not([open])::details-content { content-visibility: visible; block-size: auto; } .contents > summary { list-style: none; pointer-events: none; color: var(--faint); } } }
h1, h2, h3, article { scroll-margin-top: 8px; } article { border-top: 3px solid var(--line); margin-top: 56px; }
a { color: var(--link); text-decoration: none; overflow-wrap: anywhere; } a:hover { text-decoration: underline; }
h1 { font-size: 30px; line-height: 1.25; margin: 28px 0 12px; } h2 { font-size: 22px; margin: 36px 0 8px; } h3 { font-size: 18px; margin: 28px 0 6px; }
p { margin: 10px 0; } img { max-width: 100%; } main { overflow-wrap: break-word; }
code, pre { font-family: ${MONO}; font-size: 13px; } code { background: var(--wash); padding: 1px 4px; border-radius: 4px; overflow-wrap: anywhere; } pre code { background: none; padding: 0; }
pre { margin: 0; padding: 10px 14px; overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; line-height: 1.5; }
.code { margin: 18px 0 8px; background: var(--wash); border: 1px solid var(--line); border-left: 3px solid var(--link); border-radius: 6px; }
.code > summary { cursor: pointer; padding: 3px 12px; font-size: 12px; color: var(--faint); white-space: nowrap; overflow: hidden; text-overflow: ellipsis; } .code > summary code { font-size: 12px; background: none; } .code[open] > summary code { display: none; }
.keyword { color: var(--keyword); } .string { color: var(--string); } .number { color: var(--number); } .comment { color: var(--faint); font-style: italic; }
.about { margin: 16px 0; padding: 4px 16px; background: var(--wash); border: 1px solid var(--line); border-radius: 6px; font-size: 14px; } .about table { font-size: 13px; } .about > summary { cursor: pointer; padding: 4px 0; font-weight: 600; }
.about dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 16px; margin: 8px 0; } .about dt { font-weight: 600; } .about dd { margin: 0; color: var(--soft); }
.output, .scroll { overflow-x: auto; } .output { margin: 8px 0 16px; } .output > pre { background: var(--paper); border-left: 3px solid var(--line); }
.output > pre.stderr { border-left-color: var(--bad-ink); background: var(--bad); }
table { border-collapse: collapse; margin: 10px 0; font-size: 14px; line-height: 1.45; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding: 0 0 6px; min-width: 26em; }
th, td { padding: 5px 12px 5px 0; text-align: left; vertical-align: top; } td { border-bottom: 1px solid var(--line); }
th { border-bottom: 1.5px solid var(--faint); vertical-align: bottom; }
th[align=right], td[align=right] { text-align: right; padding: 5px 12px 5px 4px; } td[align=right] { white-space: nowrap; } table.wide { width: 100%; }
.ftmodel-samples code { padding: 0; background: none; } .output p em { color: var(--faint); font-size: 14px; }
blockquote { margin: 12px 0; padding: 2px 16px; border-left: 3px solid var(--line); color: var(--soft); }
figure.plot { margin: 14px 0; overflow: hidden; } figcaption { display: none; } figure.captioned > figcaption { display: block; font-size: 13px; line-height: 1.4; color: var(--faint); } figcaption b { display: block; font-size: 15px; color: var(--ink); }
.formula { overflow: auto hidden; margin: 8px 0; padding: 8px 0; font-size: 18px; }
.inline-formula { display: inline-block; max-width: 100%; overflow: auto hidden; vertical-align: bottom; }
math { font-family: 'Latin Modern Math', 'STIX Two Math', 'Cambria Math', 'DejaVu Math TeX Gyre', math; font-size: 1.1em; }
.badge { display: inline-block; padding: 0 8px; border-radius: 10px; font-size: 12px; line-height: 20px; white-space: nowrap; background: var(--good); color: var(--good-ink); } .badge.bad { background: var(--bad); color: var(--bad-ink); } .badge.open { background: var(--wash); color: var(--faint); }
.lead { font-size: 18px; color: var(--soft); margin: 0 0 20px; } .faint { color: var(--faint); }
@media screen and (max-width: 700px) {
  header, main, footer, .contents { padding-left: 16px; padding-right: 16px; } h1 { font-size: 25px; } h2 { font-size: 20px; }
  .about dl { grid-template-columns: 1fr; gap: 0; } .about dd { margin-bottom: 6px; }
  caption { min-width: 0; max-width: calc(100vw - 32px); } .output table:has(th:nth-child(5)), .scroll table:has(th:nth-child(4)) { min-width: 600px; } .about table { min-width: 0 !important; } table.ftmodel-samples:has(td:nth-child(3)) { min-width: 680px; }
}
@media print {
  @page { size: A4; margin: 16mm 14mm; }
  header, .contents, .neighbours, .code > summary, .updatemenu-container, .slider-container, .modebar-container { display: none !important; }
  .code::details-content, .about::details-content { content-visibility: visible; block-size: auto; }
  body { font-size: 10.5pt; } main { max-width: none; padding: 0; } h1 { font-size: 20pt; margin-top: 0; } h2 { font-size: 14pt; } article { break-before: page; border: 0; margin: 0; }
  h1, h2, h3 { break-after: avoid; } figure.plot, .code, tr { break-inside: avoid; } .code, caption, .output p:has(+ table), thead, tbody tr:first-child { break-after: avoid; } tbody tr:first-child, tbody tr:last-child { break-before: avoid; } a { color: inherit; } table { font-size: 9pt; }
}
`;
