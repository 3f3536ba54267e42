/** What a reader from outside must know of a page: who ran it, with which values, and what its words mean. */
import type { SettingsRecord } from "../config/settings-record.ts";
import { formatCell } from "../view/table.ts";
import { escapeHtml, inertHtml } from "../view/text-view.ts";
import type { Executed } from "./executed.ts";

/** A title and a sentence: whose copy this is, since when, and whether all that it shows is of that run. */
export function originOf({ from, time, seconds, codeCells, ranCells }: Executed): [string, string] {
  const at = when(time);
  if (from === "pipeline")
    return ["Run by npm start", seconds === null ? `${at}.` : `${at}, in ${seconds.toFixed(0)} s.`];
  const rest =
    ranCells === codeCells
      ? "Run by hand: all code cells."
      : `Run by hand: ${ranCells} of ${codeCells} code cells; what the others show, if anything, came with ` +
        "the notebook.";
  return ["As its reader saved it", `${at}. ${rest}`];
}

/** One line: "grpo.learningRate 0.0001, seed 7". */
export function changedInWords(settings: SettingsRecord | null): string {
  if (settings === null) return "not recorded";
  if (settings.changed.length === 0) return "none";
  return settings.changed.map((row) => `${row.name} ${formatCell(row.value)}`).join(", ");
}

/** The box under a notebook's title. */
export function aboutHtml(notebook: Executed): string {
  const [title, sentence] = originOf(notebook).map(escapeHtml);
  return `<aside class="about"><p><b>${title}</b>, ${sentence}</p>${settingsHtml(notebook.settings)}</aside>`;
}

function settingsHtml(settings: SettingsRecord | null): string {
  if (settings === null)
    return "<p>Which values it ran with was not recorded: its config table is older than this report.</p>";
  const { profile, changed } = settings;
  const name = `<code>${escapeHtml(profile)}</code>`;
  if (changed.length === 0) return `<p>Profile ${name}, every value at its default.</p>`;
  const rows = changed.map(
    (row) =>
      `<tr><td><code>${escapeHtml(row.name)}</code></td><td><b>${inertHtml(formatCell(row.value))}</b></td>` +
      `<td>${inertHtml(formatCell(row.default))}</td><td>${escapeHtml(row.unit)}</td></tr>`,
  );
  return (
    `<p>Profile ${name}; ${changed.length === 1 ? "one value differs" : `${changed.length} values differ`} ` +
    `from its defaults:</p><div class="scroll"><table><thead><tr><th>value</th><th>here</th>` +
    `<th>default</th><th>unit</th></tr></thead><tbody>${rows.join("\n")}</tbody></table></div>`
  );
}

const PROFILE_WORDS: Record<string, string> = {
  tiny:
    "models of 4 million parameters, trained from scratch on generated finance basics, on two CPU cores in " +
    "minutes. Real SFT and real GRPO, small enough to watch; it shows the method, not knowledge of finance",
  small: "Qwen2.5 models of 0.5 and 1.5 billion parameters on one GPU of 8 GB",
  gpu: "the original's models on a GPU: a Base of 1.5 billion parameters, a Teacher and a Judge of 7 billion",
};

/** One box of the words that every page uses, with the models of these notebooks where they tell them. */
export function wordsHtml(settings: readonly (SettingsRecord | null)[], open: boolean): string {
  const known = settings.filter((record) => record !== null);
  const profiles = [...new Set(known.map(({ profile }) => profile))];
  const named = (role: keyof SettingsRecord["models"]) => {
    const names = [...new Set(known.map(({ models }) => models[role]))];
    return names.length === 0
      ? ""
      : ` Here: ${names.map((n) => `<code>${escapeHtml(n)}</code>`).join(", ")}.`;
  };
  const words: [string, string][] = [
    ...(profiles.length > 0 ? profiles : ["tiny"]).map((profile): [string, string] => [
      `Profile ${profile}`,
      `${PROFILE_WORDS[profile] ?? "a set of values of the config"}.`,
    ]),
    [
      "Base",
      `the small model as it was before any step of this lab: what is to be improved.${named("base")}`,
    ],
    [
      "Teacher",
      "the stronger model whose worked answers the Base learns from, after a filter has thrown out the " +
        `wrong ones.${named("teacher")}`,
    ],
    ["Judge", `a model that reads the reasoning of those answers and gives points for it.${named("judge")}`],
    ["SFT", "supervised fine-tuning: the Base imitates the Teacher's kept answers."],
    [
      "GRPO",
      "reinforcement learning: the model answers each question several times, and what is paid better than " +
        "the others becomes likelier.",
    ],
    [
      "strict, lenient",
      "strictly an answer counts only inside its <code>&lt;answer&gt;</code> tags; leniently also where it " +
        "stands in plain words.",
    ],
    ["greedy, sampled", "one answer, at each place the likeliest word; or several, drawn by chance."],
    ["[low, high]", "the 95 % interval: how far the number could be off by the luck of the questions."],
  ];
  const rows = words.map(([word, meaning]) => `<dt>${escapeHtml(word)}</dt><dd>${meaning}</dd>`);
  return (
    `<details class="about words"${open ? " open" : ""}><summary>What “tiny”, Base, Teacher and the other ` +
    `words mean</summary><dl>${rows.join("\n")}</dl></details>`
  );
}

/** "2026-11-22 14:05 UTC"; a text that is no time stays as it is. */
export function when(time: string | Date): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime())
    ? String(time)
    : `${date.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
