/** Every knob of the toy, turned alone: the runs behind the figure with the sliders. Pure. */
import { factsOf, runToy } from "./facts.ts";
import { TOY_DEFAULTS, type ToySettings } from "./settings.ts";

export interface TurnedToy {
  /** What stands at the slider: "0.04". */
  label: string;
  /** Chances of all answers after as many batches as `Knobs.batches` says. */
  policies: number[][];
  /** n, and what the run came to. */
  says: string;
}

export interface Knob {
  name: string;
  /** Place of the position that changes nothing. */
  active: number;
  positions: TurnedToy[];
}

export interface Knobs {
  /** Where the runs are drawn: from 0 to the last batch, closer together at first, where most happens. */
  batches: number[];
  knobs: Knob[];
}

/** Label and change of each position; the one without a change stands for the settings as given. */
type Positions = readonly (readonly [label: string, change: Partial<ToySettings>])[];

const POINTS = 12;

/**
 * Runs the toy with each knob at each of its positions, all else as in `settings`. The middle of every knob
 * is `settings` itself, so all knobs start from one and the same run.
 */
export function turnKnobs(
  rewards: readonly number[],
  from: readonly number[],
  settings: Partial<ToySettings> = {},
): Knobs {
  const base = { ...TOY_DEFAULTS, ...settings };
  const share = (i: number) => (i / (POINTS - 1)) ** 2;
  const batches = [...new Set(Array.from({ length: POINTS }, (_, i) => Math.round(share(i) * base.batches)))];
  const turned = (label: string, change: Partial<ToySettings>): TurnedToy => {
    const run = runToy(rewards, from, { ...base, ...change });
    const facts = factsOf(run, rewards);
    const policies = [run[0]!.old, ...run.map(({ policy }) => policy)];
    const answers = (run.length * run[0]!.group.length).toLocaleString("en-US");
    return {
      label,
      policies: batches.map((batch) => policies[batch]!.map(thousandth)),
      says:
        `n = ${answers} answers in ${run.length} batches · silent batches ${hundredth(facts.silent)} % · ` +
        `clipped ${hundredth(facts.clipped)} % · entropy at the end ${facts.entropy.toFixed(2)} nats`,
    };
  };
  const knob = (name: string, positions: Positions): Knob => ({
    name,
    active: positions.findIndex(([, change]) => Object.keys(change).length === 0),
    positions: positions.map(([label, change]) => turned(label, change)),
  });
  const values = <K extends keyof ToySettings>(
    name: K,
    tried: readonly (ToySettings[K] & number)[],
  ): Positions =>
    [...new Set([...tried, base[name] as number])]
      .sort((a, b) => a - b)
      .map((value) => [String(value), value === base[name] ? {} : { [name]: value }]);
  return {
    batches,
    knobs: [
      knob("G, answers a batch", values("groupSize", [2, 4, 32])),
      knob("β, weight of the KL", values("beta", [0, 0.1, 1])),
      knob("updates a batch", values("updatesPerBatch", [2, 4, 16])),
      knob("ε, at 8 updates a batch", [
        ["as given", {}],
        ...[0.05, 0.2, 1].map((epsilon) => [`${epsilon}`, { epsilon, updatesPerBatch: 8 }] as const),
      ]),
      knob("division by the std", [
        [base.scale ? "on" : "off", {}],
        [base.scale ? "off" : "on", { scale: !base.scale }],
      ]),
      knob("temperature", values("temperature", [0.5, 0.7, 2])),
      knob("learning rate", values("learningRate", [0.05, 0.5, 1])),
    ],
  };
}

const thousandth = (value: number): number => Math.round(1000 * value) / 1000;
const hundredth = (share: number): string => (100 * share).toFixed(share > 0 && share < 0.1 ? 1 : 0);
