/**
 * All kinds of question, in a fixed order. Add one here and everything else (generator, corpus, benches)
 * takes it up.
 */
import type { Kind } from "../kind.ts";
import * as balance from "./balance.ts";
import * as choices from "./choices.ts";
import * as concepts from "./concepts.ts";
import * as interest from "./interest.ts";
import * as markets from "./markets.ts";
import * as profit from "./profit.ts";
import * as shares from "./shares.ts";
import * as trends from "./trends.ts";

/**
 * By export name within a module: Node lists a namespace so, but other loaders (vite's) in order of
 * definition, and a seed would mean other questions there.
 */
const kindsOf = (module: object): Kind[] =>
  Object.entries(module)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, kind]) => kind as Kind);

export const KINDS: readonly Kind[] = [
  balance,
  choices,
  concepts,
  interest,
  markets,
  profit,
  shares,
  trends,
].flatMap(kindsOf);
