/** The reports' one style sheet: a calm column, tables that fit, and a print form. */
import { FONT_STACK } from "../figures/theme.ts";

const MONO =
  "ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', 'Noto Sans Mono CJK SC', monospace";

export const STYLE = `
:root { color-scheme: light; --ink: #24292f; --faint: #6e7781; --line: #d8dee4; --wash: #f6f8fa; --link: #0072b2; }
* { box-sizing: border-box; }
body { margin: 0; color: var(--ink); background: #fff; font: 16px/1.6 ${FONT_STACK}; }
nav { display: flex; flex-wrap: wrap; gap: 4px 18px; padding: 12px max(24px, calc((100% - 900px) / 2)); border-bottom: 1px solid var(--line); background: var(--wash); font-size: 14px; }
main { max-width: 948px; margin: 0 auto; padding: 8px 24px 40px; }
footer { max-width: 948px; margin: 0 auto; padding: 12px 24px 40px; color: var(--faint); font-size: 13px; border-top: 1px solid var(--line); }
a { color: var(--link); text-decoration: none; } a:hover { text-decoration: underline; }
h1 { font-size: 30px; line-height: 1.25; margin: 28px 0 12px; } h2 { font-size: 22px; margin: 36px 0 8px; } h3 { font-size: 18px; margin: 28px 0 6px; }
p { margin: 10px 0; } img { max-width: 100%; }
code, pre { font-family: ${MONO}; font-size: 13px; } code { background: var(--wash); padding: 1px 4px; border-radius: 4px; } pre code { background: none; padding: 0; }
pre { margin: 0; padding: 10px 14px; overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; line-height: 1.5; }
.code { margin: 18px 0 8px; background: var(--wash); border: 1px solid var(--line); border-left: 3px solid var(--link); border-radius: 6px; }
.keyword { color: #a626a4; } .string { color: #00734f; } .number { color: #b34700; } .comment { color: var(--faint); font-style: italic; }
.output { margin: 8px 0 16px; overflow-x: auto; } .output > pre { background: #fff; border-left: 3px solid var(--line); }
.output > pre.stderr { border-left-color: #d55e00; background: #fff8f3; }
table { border-collapse: collapse; margin: 10px 0; font-size: 14px; line-height: 1.45; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding: 0 0 6px; min-width: 26em; }
th, td { padding: 5px 12px 5px 0; text-align: left; vertical-align: top; } td { border-bottom: 1px solid var(--line); }
th { border-bottom: 1.5px solid var(--faint); vertical-align: bottom; }
th[align=right], td[align=right] { text-align: right; padding: 5px 12px 5px 4px; } td[align=right] { white-space: nowrap; } table.wide { width: 100%; }
.ftmodel-samples code { padding: 0; background: none; } .output p em { color: var(--faint); font-size: 14px; }
blockquote { margin: 12px 0; padding: 2px 16px; border-left: 3px solid var(--line); color: #57606a; }
figure.plot { margin: 14px 0; overflow: hidden; } .formula { overflow: auto hidden; margin: 8px 0; padding: 8px 0; font-size: 18px; }
math { font-family: 'Latin Modern Math', 'STIX Two Math', 'Cambria Math', 'DejaVu Math TeX Gyre', math; font-size: 1.1em; }
.badge { display: inline-block; padding: 0 8px; border-radius: 10px; font-size: 12px; line-height: 20px; background: #e6f4ee; color: #00734f; } .badge.bad { background: #fdeee4; color: #b34700; } .badge.open { background: var(--wash); color: var(--faint); }
.lead { font-size: 18px; color: #57606a; margin: 0 0 20px; } .faint { color: var(--faint); }
@media print {
  @page { size: A4; margin: 16mm 14mm; }
  nav, .updatemenu-container, .slider-container, .modebar-container { display: none !important; }
  body { font-size: 10.5pt; } main { max-width: none; padding: 0; } h1 { font-size: 20pt; margin-top: 0; } h2 { font-size: 14pt; }
  h1, h2, h3 { break-after: avoid; } figure.plot, .code, tr { break-inside: avoid; } .code, caption, .output p:has(+ table), thead, tbody tr:first-child { break-after: avoid; } tbody tr:first-child, tbody tr:last-child { break-before: avoid; } a { color: inherit; } table { font-size: 9pt; }
}
`;
