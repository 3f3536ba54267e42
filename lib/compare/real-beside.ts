/** What is the same on real models as in the reader's run, and what is not: mechanism, no numbers. */
import type { RealStage } from "./real-stages.ts";

export const BESIDE: Record<RealStage, { same: string; other: string }> = {
  prepare: {
    same:
      "one line for each question, one reason for each row that is set aside, the split by type, the " +
      "canonical form that finds near-copies.",
    other:
      "published questions come with stories and tables, so some are too long, which our basics never are; " +
      "and few sources name one of our four types, so the visible rules have to.",
  },
  distil: {
    same:
      "questions split first, a key for every text, the batching server, the yield by type and cause, the " +
      "gain of a second attempt.",
    other:
      "the tiny Teacher was built on the world it is asked about and its wrong methods are known by name; " +
      "a real one was never trained on our tags and has to be told the form. Putting the training text " +
      "together from what was written matters there, while the tiny Teacher's texts are nearly all used as " +
      "they are.",
  },
  filter: {
    same:
      "one checker, the layers in the same order, a Judge that is measured on labelled texts before it is " +
      "trusted.",
    other:
      "the tiny Judge was trained for this rubric, so it scores like its own exam; a general instruction " +
      "model has to be asked in the right way to be better than chance at all, which is why the profile " +
      "small leaves it off. Where no Judge is asked, the answer layer has the last word, and right answers " +
      "with unsound reasoning go on.",
  },
  sft: {
    same:
      "LoRA beside every linear map, the masked prompt, rows that are too long left out, the loss that is " +
      "low from the start.",
    other:
      "a real Base already writes fluent prose, so there is a form to unlearn as well as one to learn; the " +
      "share that LoRA trains is smaller; and the learning rate is the original's, because a larger model " +
      "moves further with the same step.",
  },
  grpo: {
    same: "the rule, the group, the loss, one update a batch, the start from SFT.",
    other:
      "no census, twice as many questions a step, and a constant learning rate, a seventh of the tiny " +
      "profile's.",
  },
  evaluate: {
    same: "strict and lenient, greedy and sampled, intervals over questions.",
    other:
      "a real Base follows a prompt, so its two arms differ; every question is sampled, not only the first " +
      "ones; and no Judge takes part.",
  },
  deploy: {
    same: "one addition a matrix, checked on the answers to test questions.",
    other: "weights in bfloat16, so that a few tokens may differ, and vLLM as the server.",
  },
  ablation: {
    same: "the zeros, the pairs, the tests.",
    other:
      "questions that people wrote, so that no method can be read from the steps, and no control on golds " +
      "alone.",
  },
};
