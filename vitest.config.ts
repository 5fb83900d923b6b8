import { defineConfig } from "vitest/config";

/** Four levels of tests (STYLE.md): the file's ending says which. */
const level = (name: string, ending: string, timeoutMs: number, parallel: boolean) => ({
  test: {
    name,
    include: [`packages/*/{src,test}/**/*.${ending}.ts`, `tests/**/*.${ending}.ts`],
    testTimeout: timeoutMs,
    hookTimeout: timeoutMs,
    fileParallelism: parallel,
    pool: "forks" as const,
  },
});

export default defineConfig({
  test: {
    projects: [
      level("pure", "test", 10_000, true),
      level("program", "program-test", 20_000, false),
      level("netns", "netns-test", 120_000, false),
      level("vm", "vm-test", 300_000, false),
    ],
  },
});
