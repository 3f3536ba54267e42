/** The box that one types into: question, model, temperature and top-p; the answer under it. */
import type { Sampling } from "../../forward/sampling.ts";
import { visibleText } from "../../view/text-view.ts";
import { becomeLive, el } from "../../widget/page/dom.ts";
import type { Rounding } from "../data.ts";
import { answerView } from "./answer-view.ts";
import { choicesView } from "./choices-view.ts";
import type { Models } from "./models.ts";

/** The page stays alive: after so many milliseconds of computing it may draw and hear clicks. */
const TURN_MS = 16;
/** Answers kept to be compared. */
const KEPT = 4;

/** Makes the block live. What it held for places without scripts is hidden. */
export function startChat(block: HTMLElement, models: Models): void {
  const { data, tokenizer } = models;
  const question = el("textarea", {
    class: "widget-field",
    rows: 3,
    "aria-label": "Question",
    spellcheck: "false",
  });
  const offered = el(
    "select",
    { class: "widget-field", "aria-label": "Questions to choose from" },
    el("option", { value: "" }, "a question of the test …"),
    ...data.questions.map((one, i) => el("option", { value: i }, visibleText(one.question, 90))),
  );
  const armOf = group(
    "Model",
    data.arms.map(({ label }) => label),
  );
  const temperature = slider("Temperature", 0, 2, 0.05, data.temperature);
  const topP = slider("Top-p", 0.05, 1, 0.05, data.topP);
  const seed = el("input", {
    ...{ class: "widget-field", "aria-label": "Seed" },
    ...{ type: "number", min: 0, max: 9999, step: 1, value: 1 },
  });
  const send = el("button", { type: "button", class: "chat-send" }, "Answer");
  const stop = el("button", { type: "button", hidden: true }, "Stop");
  const status = el("p", { class: "chat-status", role: "status" });
  const choices = el("div");
  const earlier = el("ol", { class: "chat-earlier" });
  const rounding = el("p", { class: "widget-note" });

  const sampling = (): Sampling => ({ temperature: temperature.value(), topP: topP.value() });
  const answer = answerView(tokenizer, (index) => {
    selected = index;
    showChoices();
  });
  let selected = -1;
  let running: { stopped: boolean } | null = null;

  function showChoices(): void {
    const step = answer.steps[selected];
    if (!step) return choices.replaceChildren();
    const place = selected;
    const begin = answer.steps.slice(0, place).map(({ token }) => token);
    choices.replaceChildren(
      choicesView(tokenizer, step, place, sampling(), (token) => void write([...begin, token], place)),
    );
  }

  async function write(begin: readonly number[] = [], keep = -1): Promise<void> {
    if (running) running.stopped = true;
    const turn = { stopped: false };
    running = turn;
    remember();
    answer.clear();
    selected = -1;
    showChoices();
    [send.hidden, stop.hidden] = [true, false];
    const arm = armOf.value();
    const ask = { arm, question: question.value, seed: Number(seed.value), begin, ...sampling() };
    const { label } = data.arms[arm]!;
    answer.element.dataset.title = `${label} · temperature ${ask.temperature} · top-p ${ask.topP}`;
    status.textContent = "reading the question …";
    await pause();
    const started = performance.now();
    let drawn = started;
    try {
      for (const step of models.answer(ask)) {
        if (turn.stopped) break;
        answer.add(step);
        if (performance.now() - drawn < TURN_MS) continue;
        status.textContent = `${answer.steps.length} tokens …`;
        await pause();
        drawn = performance.now();
      }
      const seconds = (performance.now() - started) / 1000;
      status.textContent = summary(answer.steps.length, seconds, turn.stopped);
    } catch (error) {
      status.textContent = `No answer: ${(error as Error).message}`;
    }
    if (turn !== running) return; // a newer question has taken over
    running = null;
    [send.hidden, stop.hidden] = [false, true];
    const doubtful = answer.steps.reduce(
      (least, { probability }, i) => (probability < answer.steps[least]!.probability ? i : least),
      0,
    );
    answer.select(keep >= 0 ? keep : doubtful);
  }

  function summary(tokens: number, seconds: number, stopped: boolean): string {
    const last = answer.steps.at(-1)?.token;
    const ended = last !== undefined && data.ends.includes(last);
    const how = ended ? "the model ended it" : stopped ? "stopped" : "cut at the limit";
    const gold = data.questions.find((one) => one.question === question.value)?.gold;
    return (
      `${tokens} tokens in ${seconds.toFixed(1)} s, reading included; ${how}. ` +
      (gold === undefined ? "" : `Gold answer: ${visibleText(gold, 200)}. `) +
      "The least likely token is open; click any."
    );
  }

  /** The answer that stands there, put under it. */
  function remember(): void {
    if (answer.steps.length === 0) return;
    const title = el("b", {}, answer.element.dataset.title ?? "");
    earlier.prepend(el("li", {}, title, el("span", {}, visibleText(answer.text()))));
    while (earlier.children.length > KEPT) earlier.lastChild?.remove();
  }

  function showRounding(): void {
    const { label, rounding: measured } = data.arms[armOf.value()]!;
    rounding.textContent = measured === null ? "" : roundingText(label, measured);
  }

  offered.addEventListener("change", () => {
    question.value = data.questions[Number(offered.value)]?.question ?? question.value;
  });
  send.addEventListener("click", () => void write());
  stop.addEventListener("click", () => {
    if (running) running.stopped = true;
  });
  question.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      void write();
    }
  });
  armOf.element.addEventListener("change", showRounding);
  for (const { element } of [temperature, topP]) element.addEventListener("input", showChoices);

  question.value = data.questions[0]?.question ?? "";
  armOf.choose(data.arms.length - 1);
  showRounding();
  const head = el(
    "div",
    { class: "chat-head" },
    data.questions.length > 0 && offered,
    question,
    el(
      "div",
      { class: "chat-values" },
      armOf.element,
      temperature.element,
      topP.element,
      el("label", {}, "Seed ", seed),
      send,
      stop,
    ),
  );
  const live = el("div", { class: "chat-live" }, head, answer.element, status, choices, earlier, rounding);
  becomeLive(block, live);
}

function roundingText(label: string, { tokens, mean, largest, same }: Rounding): string {
  return (
    `The weights of this page are rounded to 8 bits. Along ${tokens} tokens of ${label}'s greedy answers a ` +
    `logit is ${mean.toFixed(3)} away from the one in float32 on average and ` +
    `${largest.toFixed(2)} at most; ` +
    `the most likely token is the same in ${(100 * same).toFixed(1)} %.`
  );
}

/** A choice of one; the first is chosen. */
function group(legend: string, names: readonly string[]) {
  const name = `chat-${Math.random().toString(36).slice(2)}`;
  const inputs = names.map((_, i) => el("input", { type: "radio", name, value: i, checked: i === 0 }));
  const labels = names.map((text, i) => el("label", {}, inputs[i]!, text));
  return {
    element: el("fieldset", { class: "widget-choice" }, el("legend", {}, legend), ...labels),
    value: () => inputs.findIndex((input) => input.checked),
    choose(index: number) {
      inputs[index]!.checked = true;
    },
  };
}

function slider(label: string, min: number, max: number, step: number, value: number) {
  const input = el("input", { type: "range", min, max, step, value, "aria-label": label });
  const shown = el("output", {}, value.toFixed(2));
  input.addEventListener("input", () => {
    shown.textContent = Number(input.value).toFixed(2);
  });
  return { element: el("label", {}, `${label} `, shown, input), value: () => Number(input.value) };
}

/** Lets the page draw and hear. */
function pause(): Promise<void> {
  return new Promise((resume) => setTimeout(resume));
}
