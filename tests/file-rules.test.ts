import { basename } from "node:path";
import { describe, expect, it } from "vitest";
import { sourceFiles, withoutComments } from "./source-files.ts";

/** Lines beyond which a file needs a reason, and beyond which there is none. */
const NEEDS_REASON = 400;
const MOST = 600;

/** Files of more than 400 lines, and why they are one. */
const LONG_FILES: Readonly<Record<string, string>> = {};

const files = sourceFiles();
const sources = files.filter((file) => !file.test);

const isGenerated = (text: string): boolean => /^(?:\/\/|\/\*\*?) ?Generated/i.test(text);
const linesOf = (text: string): number => text.split("\n").length - 1;

describe("files", () => {
  it("are short, or say why not", () => {
    const written = files.filter((file) => !isGenerated(file.text));
    const long = written.filter((file) => linesOf(file.text) > NEEDS_REASON).map((file) => file.path);
    expect(long.filter((path) => LONG_FILES[path] === undefined)).toEqual([]);
    expect(Object.keys(LONG_FILES).filter((path) => !long.includes(path))).toEqual([]);
    expect(written.filter((file) => linesOf(file.text) > MOST).map((file) => file.path)).toEqual([]);
  });

  it("are named in kebab-case", () => {
    const wrong = files.filter((file) => !/^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z-]+)?\.ts$/.test(basename(file.path)));
    expect(wrong.map((file) => file.path)).toEqual([]);
  });

  it("export by name", () => {
    const wrong = files.filter((file) => /^export default\b/m.test(withoutComments(file.text)));
    expect(wrong.map((file) => file.path)).toEqual([]);
  });

  it("have no state of the module's own", () => {
    // A `…-main.ts` is a program, not a module: nobody imports it.
    const modules = sources.filter((file) => !file.path.endsWith("-main.ts"));
    const wrong = modules.filter((file) => /^(?:export )?(?:let|var)\b/m.test(withoutComments(file.text)));
    expect(wrong.map((file) => file.path)).toEqual([]);
  });

  it("gather others in a package's index alone", () => {
    const wrong = sources.filter((file) => /^export \*/m.test(file.text) && !file.path.endsWith("/src/index.ts"));
    expect(wrong.map((file) => file.path)).toEqual([]);
  });
});
