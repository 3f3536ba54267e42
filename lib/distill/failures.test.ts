import { expect, test } from "vitest";
import { distill } from "./distill.ts";
import { distilleries, good, prompt, rowsOf } from "../testing/distill-fixture.ts";
import { stubQuestions } from "../testing/questions.ts";
import { sendChat, sendJson } from "../testing/stub-server.ts";
import type { Answer } from "../testing/stub-server.ts";
import { inOrder } from "../testing/in-order.ts";

const bench = distilleries();

test("failures are rows with their cause; only the model's own are not asked for again", async () => {
  let mended = false;
  const answer: Answer = (request, response) => {
    const i = Number(/\d+/.exec(prompt(request))![0]);
    if (i === 1)
      return sendJson(
        response,
        JSON.stringify({ error: { message: "maximum context length is 512 tokens" } }),
        400,
      );
    if (i === 2)
      return sendChat(response, {
        content: "<think>\nI beg",
        finish_reason: "length",
        completion_tokens: 160,
      });
    if (i === 3) return sendChat(response, { content: "" });
    if (i === 4 && !mended)
      return void response.writeHead(200, { "content-type": "text/html" }).end("<html>");
    if (i === 5 && !mended) return sendJson(response, "{}", 404);
    return good(request, response);
  };
  const { lab, asked } = await bench(answer);
  const first = await distill(lab(), stubQuestions(10));
  expect(first.progress.failures).toEqual({
    context_overflow: 1,
    length: 1,
    empty: 1,
    bad_response: 1,
    http_404: 1,
  });
  expect(first.rows.map((r) => [r.failure, r.teacher_output === null]).slice(0, 6)).toEqual([
    [null, false],
    ["context_overflow", true],
    ["length", false],
    ["empty", true],
    ["bad_response", true],
    ["http_404", true],
  ]);
  asked();
  mended = true;
  const second = await distill(lab(), stubQuestions(10));
  expect(asked().map(prompt).sort()).toEqual(["What is 1 + 1?", "What is 4 + 4?", "What is 5 + 5?"]);
  expect(second.progress.failures).toEqual({ context_overflow: 1, length: 1, empty: 1 });
  expect(rowsOf(lab())).toEqual(second.rows);
  await distill(lab(), stubQuestions(10));
  // still refused; a server with a longer context would not
  expect(asked().map(prompt)).toEqual(["What is 1 + 1?"]);
});

test("texts that a broken server refused are had from the mended one", async () => {
  let mended = false;
  const { lab } = await bench((request, response) =>
    mended || request.body.max_tokens === 1 ? good(request, response) : sendJson(response, "{}", 400),
  );
  await expect(distill(lab(), stubQuestions(3))).rejects.toThrow(/not one whole text[^]*3 × http_400/);
  mended = true;
  expect((await distill(lab(), stubQuestions(3))).progress).toMatchObject({ asked: 3, failures: {} });
});

test("asked for again with force, a text is not lost to a server's bad moment", async () => {
  let fails = false;
  const { lab } = await bench((request, response) =>
    fails && prompt(request).includes("1 + 1") ? sendJson(response, "{}", 404) : good(request, response),
  );
  const first = await distill(lab(), stubQuestions(3));
  fails = true;
  const { rows, progress } = await distill(lab(), stubQuestions(3), { force: true });
  expect(progress).toMatchObject({ asked: 3, failures: {} });
  expect(rows[1]).toEqual(first.rows[1]);
  expect(rowsOf(lab())).toEqual(rows);
});

test("a longer context asks again for what did not fit, and for nothing else", async () => {
  let limit = 0;
  const { lab, asked } = await bench((request, response) =>
    prompt(request).includes("1 + 1") && limit === 0
      ? sendJson(response, JSON.stringify({ error: { message: "maximum context length" } }), 400)
      : good(request, response),
  );
  await distill(lab(), stubQuestions(4));
  asked();
  limit = 1;
  const { progress } = await distill(lab({ "serving.maxModelLength": 1024 }), stubQuestions(4));
  expect(asked()).toHaveLength(1);
  expect(progress.failures).toEqual({});
});

test("not one whole text is an error that counts the causes; the rows stay", async () => {
  const { lab } = await bench((_, response) =>
    sendChat(response, { content: "cut", finish_reason: "length" }),
  );
  await expect(distill(lab(), stubQuestions(5))).rejects.toThrow(/not one whole text[^]*5 × length/);
  expect(rowsOf(lab())).toHaveLength(5);
});

test("a page instead of an answer is told with the server's address and the client's sentence", async () => {
  const { lab } = await bench((request, response) =>
    request.body.max_tokens === 1
      ? good(request, response)
      : void response.writeHead(200, { "content-type": "text/html" }).end("<html>log in</html>"),
  );
  await expect(distill(lab(), stubQuestions(3))).rejects.toThrow(
    inOrder(
      /models\.teacher at http:\/\/127\.0\.0\.1:\d+/,
      /3 × bad_response/,
      /bad_response: a web page/,
      /look at the server/,
    ),
  );
});

test("where nothing but silence is on disk, a mended server is asked again", async () => {
  let silent = true;
  const { lab } = await bench((request, response) =>
    silent ? sendChat(response, { content: "" }) : good(request, response),
  );
  await expect(distill(lab(), stubQuestions(3))).rejects.toThrow(/3 × empty/);
  silent = false;
  expect((await distill(lab(), stubQuestions(3))).progress).toMatchObject({ asked: 3, failures: {} });
});
