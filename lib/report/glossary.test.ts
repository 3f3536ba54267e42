import { expect, test } from "vitest";
import { Glossary } from "./glossary.ts";
import { markdownWriter } from "./markdown.ts";

const PAGE = `# Words
| <a id="arm"></a>**Arm** | one of the models compared: Base & SFT | 对照组 | 模型之一 |
| <a id="kappa"></a>**κ (kappa)** | agreement beyond chance | κ 系数 | 一致程度 |
`;
const write = (glossary: Glossary, markdown: string): string =>
  markdownWriter({ prefix: "p-", addressOf: () => null, termOf: (term) => glossary.linkTo(term) }).write(
    markdown,
  );

test("a link to a term leads to its row on the page, and says what it means; other terms stay away", () => {
  const glossary = new Glossary(PAGE);
  expect(write(glossary, "two [arms](README.md#arm)")).toContain(
    '<a href="#glossary-arm" title="one of the models compared: Base &amp; SFT">arms</a>',
  );
  const html = glossary.html();
  expect(html).toContain('<tr id="glossary-arm"><td><b>Arm</b></td>');
  expect(html).toContain("对照组");
  expect(html).not.toContain("kappa");
});

test("an unknown term is its words; a link to the whole brings all of it; no link, no glossary", () => {
  const glossary = new Glossary(PAGE);
  expect(write(glossary, "[x](README.md#nothing) and [y](README.md)")).toContain("<p>x and y</p>");
  expect(glossary.html()).toBe("");
  expect(write(glossary, "the [glossary](README.md#glossary)")).toContain('href="#glossary"');
  expect(glossary.html()).toContain("κ (kappa)");
});

test("every term of the course's own page is taken", () => {
  const glossary = new Glossary();
  for (const term of ["ablation", "chain-of-thought", "lora", "pass-at-k", "value-model"])
    expect(glossary.linkTo(term)?.meaning).toMatch(/\w/);
});
