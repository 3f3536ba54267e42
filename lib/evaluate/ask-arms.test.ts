import { afterAll, beforeAll, expect, test } from "vitest";
import { askArms, fateOf } from "./ask-arms.ts";
import { createClient } from "../serving/client.ts";
import { labOnFakeBase, temporaryWorkspace } from "../testing/run-fixture.ts";
import { sendChat, sendJson, startStub } from "../testing/stub-server.ts";
import type { StubServer } from "../testing/stub-server.ts";

const workspace = temporaryWorkspace();
const lab = labOnFakeBase(workspace);
let stub: StubServer;

beforeAll(async () => {
  stub = await startStub((_, response) =>
    sendChat(response, { content: "The answer is 4", completion_tokens: 5 }),
  );
});
afterAll(async () => {
  await stub.close();
  await workspace.remove();
});

test("questions that are in no test are answered greedily, scored, and kept", async () => {
  const questions = [
    { id: "t0", question: "What is 2 × 2?", gold_answer: "4", type: "financial_calculation" as const },
    { id: "t1", question: "What is 2 × 3?", gold_answer: "6", type: "financial_calculation" as const },
  ];
  const client = createClient({ baseURL: stub.url, model: "stub", engine: "transformers" });
  const asked = await askArms(lab, ["base"], questions, { client });
  expect(
    asked.map(({ id, gold, texts }) => [
      id,
      gold,
      texts.length,
      texts[0]!.title,
      texts[0]!.ok,
      texts[0]!.facts,
    ]),
  ).toEqual([
    ["t0", "4", 1, "Base", true, { format: "broken", tokens: 5 }],
    ["t1", "6", 1, "Base", false, { format: "broken", tokens: 5 }],
  ]);
  expect(stub.requests.map(({ body }) => body.temperature)).toEqual([0, 0]);
  expect(await askArms(lab, ["base"], questions, { client })).toEqual(asked);
  expect(stub.requests).toHaveLength(2);
});

test("tokens that the server did not count are unknown, not 0", async () => {
  const silent = await startStub((_, response) =>
    sendJson(
      response,
      JSON.stringify({ choices: [{ finish_reason: "stop", message: { content: "It is 9" } }] }),
    ),
  );
  const question = {
    id: "t9",
    question: "What is 3 × 3?",
    gold_answer: "9",
    type: "financial_calculation" as const,
  };
  const [asked] = await askArms(lab, ["base"], [question], {
    client: createClient({ baseURL: silent.url, model: "stub", engine: "transformers" }),
  });
  await silent.close();
  expect(asked!.texts[0]!.facts).toEqual({ format: "broken", tokens: null });
});

test("an arm that has not been trained is an error", async () => {
  await expect(askArms(lab, ["sft"], [])).rejects.toThrow("has not been trained");
});

test("a question's fate names every arm that changes the verdict, or says that none does", () => {
  const fate = (...oks: (boolean | null)[]) =>
    fateOf(oks.map((ok, i) => ({ arm: ["Base", "SFT", "SFT + GRPO"][i]!, ok })));
  expect(fate(false, true, true)).toBe("repaired by SFT");
  expect(fate(false, false, true)).toBe("repaired by SFT + GRPO");
  expect(fate(true, false, true)).toBe("broken by SFT, repaired by SFT + GRPO");
  expect(fate(false, null, false)).toBe("left open by SFT, answered wrong by SFT + GRPO");
  expect(fate(null, null, true)).toBe("answered right by SFT + GRPO");
  expect(fate(null, null)).toBe("left open for all");
  expect(fate(false, false)).toBe("wrong for all");
  expect(fate(false, true, null)).toBe("repaired by SFT, left open by SFT + GRPO");
  expect(fate(true, true, true)).toBe("right for all");
});
