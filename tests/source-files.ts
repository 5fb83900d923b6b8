import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

export const REPOSITORY = dirname(dirname(fileURLToPath(import.meta.url)));

/** One source file of ours. */
export interface SourceFile {
  /** From the repository's root, as in `packages/model/src/units.ts`. */
  readonly path: string;
  /** `model`. */
  readonly package: string;
  /** A test, or something that only tests use. */
  readonly test: boolean;
  readonly text: string;
}

/** All TypeScript of all packages, in the order of their paths. */
export function sourceFiles(): readonly SourceFile[] {
  const packages = join(REPOSITORY, "packages");
  return readdirSync(packages, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.m?ts$/.test(entry.name) && !entry.parentPath.includes("node_modules"))
    .map((entry) => relative(REPOSITORY, join(entry.parentPath, entry.name)))
    .sort()
    .map((path) => {
      const [, name = "", folder] = path.split("/");
      const test = folder !== "src" || /\.(?:test|program-test|netns-test|vm-test)\.ts$/.test(path);
      return { path, package: name, test, text: readFileSync(join(REPOSITORY, path), "utf8") };
    });
}

/** The text without comments; strings keep their content. */
export const withoutComments = (text: string): string =>
  text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|[\s;{}(,])\/\/.*$/gm, "$1");

/** What a file imports: static, dynamic, and re-exports. */
export function importsOf(file: SourceFile): readonly string[] {
  const pattern =
    /^(?:import|export)\b[^"';]*?\bfrom\s*["']([^"'\s]+)["']|^import\s+["']([^"'\s]+)["']|\bimport\(\s*["']([^"'\s]+)["']/gm;
  return [...withoutComments(file.text).matchAll(pattern)].map((match) => match[1] ?? match[2] ?? match[3] ?? "");
}
