export * from "./kind.ts";
export * from "./draw.ts";
export * from "./fault-kind.ts";
export * from "./faults.ts";
export * from "./generate.ts";
export * from "./text.ts";
export { KINDS } from "./kinds/index.ts";
