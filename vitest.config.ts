import { defineConfig } from "vitest/config";

/** Four levels of tests (STYLE.md): the file's ending says which. */
const level = (name: string, ending: string, timeoutMs: number, parallel: boolean) => ({
  test: {
    name,
    include: [`packages/*/{src,test}/**/*.${ending}.ts`, `tests/**/*.${ending}.ts`],
    testTimeout: timeoutMs,
    hookTimeout: timeoutMs,
    // A poll ends when it is true: what it may last is for machines that are busy, not for what is tested.
    expect: { poll: { timeout: Math.min(30_000, timeoutMs / 2), interval: 50 } },
    fileParallelism: parallel,
    pool: "forks" as const,
  },
});

export default defineConfig({
  test: {
    projects: [
      level("pure", "test", 60_000, true),
      level("program", "program-test", 60_000, false),
      level("netns", "netns-test", 240_000, false),
      level("vm", "vm-test", 300_000, false),
    ],
  },
});
