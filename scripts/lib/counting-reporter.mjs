import { writeFileSync } from "node:fs";

/**
 * What a level came to, as a file for the process that started it.
 * @typedef {{ passed: number, failed: string[], skipped: import("./allowed-skips.mjs").Skip[] }} LevelCount
 */

/**
 * The first line of the first error: a log is read from its end.
 * @param {readonly { message?: string }[] | undefined} errors
 */
const inShort = (errors) => (errors?.[0]?.message ?? "failed without an error").split("\n", 1)[0]?.slice(0, 400);

/**
 * A reporter for vitest beside its own: counts, and names what failed or was skipped, into $GONA_TEST_COUNT. vitest
 * takes a file's default export.
 */
export default class CountingReporter {
  /**
   * @param {readonly import("vitest/node").TestModule[]} modules
   * @param {readonly { message?: string }[]} unhandled
   */
  onTestRunEnd(modules, unhandled) {
    /** @type {LevelCount} */
    const count = { passed: 0, failed: [], skipped: [] };
    for (const module of modules) {
      // A file that does not load, or a hook outside of any test.
      for (const error of module.errors()) count.failed.push(`${module.relativeModuleId}: ${error.message}`);
      for (const test of module.children.allTests()) {
        const name = `${module.relativeModuleId} > ${test.fullName}`;
        const result = test.result();
        if (result.state === "passed") count.passed++;
        else if (result.state === "skipped") count.skipped.push({ name, note: result.note });
        else count.failed.push(`${name}: ${inShort(result.errors)}`);
      }
      for (const suite of module.children.allSuites())
        for (const error of suite.errors()) count.failed.push(`${suite.fullName}: ${error.message}`);
    }
    for (const error of unhandled) count.failed.push(`outside of any test: ${error.message ?? "unknown error"}`);
    const file = process.env.GONA_TEST_COUNT;
    if (file !== undefined) writeFileSync(file, JSON.stringify(count));
  }
}
