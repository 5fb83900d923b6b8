import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { DEBIAN_PACKAGES } from "../scripts/lib/debian-packages.mjs";
import { entriesWithEngines, type LockFile, missingOptionalEntries } from "../scripts/lib/lock-file.mjs";

const root = join(import.meta.dirname, "..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const manifests = ["package.json", ...globSync("packages/*/package.json", { cwd: root })];
const dependencies = new Map(
  manifests.flatMap((path) => {
    const manifest = JSON.parse(read(path)) as Manifest;
    return Object.entries({ ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies });
  }),
);

/** Names in the first column of the tables of docs/dependencies.md. */
const documented = read("docs/dependencies.md")
  .split("\n")
  .flatMap((line) => (line.startsWith("| `") ? [...(line.split("|")[1] ?? "").matchAll(/`([^`]+)`/g)] : []))
  .map((match) => match[1] ?? "");

/** Debian's name of QEMU depends on the processor; the document has both. */
const QEMU = ["qemu-system-x86", "qemu-system-arm"];

test("every dependency has its line in docs/dependencies.md, and no line is left over", () => {
  const npm = [...dependencies.keys()].filter((name) => !name.startsWith("@gona/"));
  const debian = DEBIAN_PACKAGES.map((item) => item.name).filter((name) => !QEMU.includes(name));
  expect(documented.toSorted()).toEqual([...npm, ...debian, ...QEMU].toSorted());
});

test("every npm dependency has an exact version", () => {
  for (const [name, version] of dependencies) expect(version, name).toMatch(/^\d+\.\d+\.\d+$/);
});

test("the lock file is one that npm ci takes on every machine, and names no registry", () => {
  const text = read("package-lock.json");
  const lock = JSON.parse(text) as LockFile;
  expect(Object.keys(missingOptionalEntries(lock)), "run: npm run lock").toEqual([]);
  expect(entriesWithEngines(lock), "run: npm run lock").toEqual([]);
  expect(text).not.toMatch(/https?:\/\/registry/);
});
