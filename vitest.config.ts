import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["lib/**/*.test.ts", "scripts/**/*.test.ts"],
    testTimeout: 180_000, // only a test that hangs is ended: two busy cores may be ten times slower
    hookTimeout: 180_000,
  },
});
