export * from "./errors.ts";
export * from "./config.ts";
export * from "./profiles.ts";
export * from "./paths.ts";
export * from "./records.ts";
export * from "./random.ts";
export * from "./judge-prompt.ts";
