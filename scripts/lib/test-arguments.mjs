import { LEVELS } from "./levels.mjs";

/**
 * What `npm test -- …` asks for.
 * @typedef {{ levels: readonly import("./levels.mjs").Level[], files: readonly string[], pass: readonly string[], checks: boolean }} TestRequest
 */

export const TEST_HELP = `npm test -- [--level pure|program|netns|vm]... [FILE]... [-t NAME]
  Without arguments: types, lint and all four levels.
  --level NAME   only that level (may be given more than once)
  FILE           only test files whose path contains this; its ending says the level
  -t NAME        only tests whose name matches`;

/**
 * @param {readonly string[]} args
 * @returns {TestRequest} Throws Error with the words for the user.
 */
export function testRequest(args) {
  /** @type {string[]} */
  const names = [];
  /** @type {string[]} */
  const files = [];
  /** @type {string[]} */
  const pass = [];
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] ?? "";
    const [flag, inline] = arg.startsWith("--level=") ? ["--level", arg.slice(8)] : [arg, undefined];
    if (flag === "--level") names.push(...(inline ?? args[++index] ?? "").split(","));
    else if (flag === "-t") pass.push("-t", args[++index] ?? "");
    else if (flag.startsWith("-")) throw new Error(`npm test does not know ${flag}\n${TEST_HELP}`);
    else files.push(arg);
  }
  const unknown = names.find((name) => !LEVELS.some((level) => level.name === name));
  if (unknown !== undefined) throw new Error(`there is no level ${JSON.stringify(unknown)}\n${TEST_HELP}`);
  const byEnding = LEVELS.filter((level) => files.some((file) => file.endsWith(level.ending)));
  const levels = LEVELS.filter((level) =>
    names.length > 0 ? names.includes(level.name) : byEnding.length === 0 || byEnding.includes(level),
  );
  return { levels, files, pass, checks: args.length === 0 };
}
