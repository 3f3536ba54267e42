import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { endsInThink, messages, restoreThink, templateOpensThink } from "./chat.ts";

test("an empty system prompt makes no system message", () => {
  expect(messages("q")).toEqual([{ role: "user", content: "q" }]);
  expect(messages("q", "s").map((m) => m.role)).toEqual(["system", "user"]);
});

test("a prompt ends in a think block when nothing but white space follows the tag", () => {
  expect(endsInThink("<|im_start|>assistant\n<think>\n")).toBe(true);
  expect(endsInThink("<|Assistant|><think>")).toBe(true);
  expect(endsInThink("<|im_start|>assistant\n<think>\n\n</think>\n\n")).toBe(false);
  expect(endsInThink("say <think> first\n<|im_start|>assistant\n")).toBe(false);
});

test.each([
  ["2 + 2\n</think>\n4", true, "<think>\n2 + 2\n</think>\n4"],
  ["\n2 + 2\n</think>\n4", true, "<think>\n2 + 2\n</think>\n4"],
  ["cut in the midd", true, "<think>\ncut in the midd"],
  ["<think>\n2\n</think>\n4", true, "<think>\n2\n</think>\n4"],
  ["2 + 2\n</think>\n4", false, "2 + 2\n</think>\n4"],
  ["2 + 2\n</think>\n4", null, "<think>\n2 + 2\n</think>\n4"],
  ["<think>\n2\n</think>\n4", null, "<think>\n2\n</think>\n4"],
  ["no tags", null, "no tags"],
  ["text <think> later </think>", null, "text <think> later </think>"],
  ["", true, "<think>\n"],
])("%j with a template that opens the block: %s", (completion, opened, expected) => {
  expect(restoreThink(completion, opened)).toBe(expected);
});

const CHATML =
  "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor " +
  "%}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

function folderWith(file: string, content: string): string {
  const folder = mkdtempSync(join(tmpdir(), "ftmodel-chat-"));
  writeFileSync(join(folder, file), content);
  return folder;
}

test("a template is rendered to see whether it opens the block", () => {
  expect(templateOpensThink(folderWith("chat_template.jinja", CHATML))).toBe(false);
  expect(
    templateOpensThink(
      folderWith("chat_template.jinja", CHATML.replace("assistant\n{%", "assistant\n<think>\n{%")),
    ),
  ).toBe(true);
  // The tag in a branch that is not taken (Qwen3 with thinking switched off) opens nothing.
  expect(
    templateOpensThink(
      folderWith(
        "chat_template.jinja",
        `${CHATML}{% if enable_thinking is defined and enable_thinking is false %}<think>{% endif %}`,
      ),
    ),
  ).toBe(false);
});

test("the older place of a template counts, too, alone or among named ones", () => {
  const r1 =
    "{{ bos_token }}{% for m in messages %}<|User|>{{ m.content }}{% endfor %}{% if " +
    "add_generation_prompt %}<|Assistant|><think>\\n{% endif %}";
  expect(
    templateOpensThink(
      folderWith("tokenizer_config.json", JSON.stringify({ chat_template: r1.replace("\\n", "\n") })),
    ),
  ).toBe(true);
  expect(
    templateOpensThink(
      folderWith(
        "tokenizer_config.json",
        JSON.stringify({
          chat_template: [
            { name: "tool_use", template: "x" },
            { name: "default", template: CHATML },
          ],
        }),
      ),
    ),
  ).toBe(false);
});

test("no folder, no template and a template that fails say nothing", () => {
  expect(templateOpensThink(join(tmpdir(), "no-such-model"))).toBeNull();
  expect(templateOpensThink(folderWith("tokenizer_config.json", "{}"))).toBeNull();
  expect(
    templateOpensThink(folderWith("chat_template.jinja", "{{ raise_exception('only with tools') }}")),
  ).toBeNull();
});
