/** What each published variant changes in GRPO, what for, and what it is called in this project. */
import type { Recipe } from "./weigh.ts";

export interface Published {
  name: string;
  /** Number on arXiv. */
  arxiv: string;
  /** The term that changes, in LaTeX: r reward, A advantage, ρ ratio, n tokens of an answer, N answers. */
  term: string;
  /** What it is meant to cure. */
  cures: string;
  /** How it is switched on here; empty where it is not built in. */
  setting: string;
  /** The change on the toy. */
  change: Partial<Recipe>;
}

const DAPO = "2503.14476";

export const PUBLISHED: readonly Published[] = [
  {
    name: "GRPO",
    arxiv: "2402.03300",
    term: String.raw`A=\frac{r-\text{mean}}{\text{std}},\ \tfrac1N\sum_i\tfrac1{n_i}\sum_t`,
    cures: "the value model of PPO",
    setting: '`loss: "grpo"`',
    change: {},
  },
  {
    name: "RLOO",
    arxiv: "2402.14740",
    term: String.raw`A=r-\text{mean of the others},\ \tfrac1N\sum_i\sum_t,\ \text{no }\rho`,
    cures: "PPO's machinery: plain REINFORCE, whole answers, no clip",
    setting: "`scaleRewards: false` has its advantage, times (G − 1) / G",
    change: { advantage: "others", average: "none", ratio: "none" },
  },
  {
    name: "REINFORCE++",
    arxiv: "2501.03262",
    term: String.raw`A=\frac{r-\text{mean of the batch}}{\text{std of the batch}}`,
    cures: "advantages from few answers; needs no group",
    setting: "",
    change: { advantage: "batch" },
  },
  {
    name: "Dr. GRPO",
    arxiv: "2503.20783",
    term: String.raw`A=r-\text{mean},\ \tfrac1{n_i}\to\tfrac1{\text{maxTokens}}`,
    cures: "full-size pushes from tiny differences; cheap rambling",
    setting: '`loss: "dr_grpo"`, `scaleRewards: false`',
    change: { advantage: "centred", average: "limit" },
  },
  {
    name: "DAPO, clip higher",
    arxiv: DAPO,
    term: String.raw`\rho\le 1+\varepsilon_\text{high}`,
    cures: "rare answers that may hardly grow",
    setting: 'in `loss: "dapo"`',
    change: { epsilonHigh: 0.28 },
  },
  {
    name: "DAPO, token-level loss",
    arxiv: DAPO,
    term: String.raw`\tfrac1{\sum_i n_i}\sum_i\sum_t`,
    cures: "cheap rambling",
    setting: 'in `loss: "dapo"`',
    change: { average: "tokens" },
  },
  {
    name: "DAPO, dynamic sampling",
    arxiv: DAPO,
    term: String.raw`\text{groups with std}>0`,
    cures: "silent groups that thin the batch",
    setting: "`dropDeadGroups`, once, by census",
    change: { dropSilent: true },
  },
  {
    name: "DAPO, overlong shaping",
    arxiv: DAPO,
    term: String.raw`r-\min\left(1,\tfrac{n-n_\text{soft}}{n_\text{max}-n_\text{soft}}\right)_+`,
    cures: "a hard cut that punishes good reasoning",
    setting: "your own `reward`",
    change: { shapeLength: true },
  },
  {
    name: "DAPO, overlong filtering",
    arxiv: DAPO,
    term: String.raw`\text{weight of cut answers: }0`,
    cures: "the same, by not learning from cut answers",
    setting: "`maskTruncated`",
    change: { dropCut: true },
  },
  {
    name: "DAPO, no KL",
    arxiv: DAPO,
    term: String.raw`\beta=0`,
    cures: "a reference to hold, a leash on long runs",
    setting: "`beta: 0`",
    change: { beta: 0 },
  },
  {
    name: "GSPO",
    arxiv: "2507.18071",
    term: String.raw`\rho_t\to\left(\prod_t\rho_t\right)^{1/n_i}`,
    cures: "noisy ratios of single tokens",
    setting: '`loss: "gspo"`, `updatesPerBatch`',
    change: { ratio: "answer" },
  },
  {
    name: "CISPO",
    arxiv: "2506.13585",
    // `sg` stops the gradient.
    term: String.raw`\text{sg}\left[\min(\rho,\varepsilon_\text{max})\right]A\log\pi,\ \tfrac1{\sum_i n_i}`,
    cures: "clipping that silences the rare, decisive tokens",
    setting: '`loss: "cispo"`, `updatesPerBatch`',
    change: { average: "tokens", ratio: "weight" },
  },
];
