import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";
import { importsOf, REPOSITORY, sourceFiles, withoutComments } from "./source-files.ts";

/** Who may import whom, and what for (docs/ARCHITECTURE.md, "Packages"). What does not stand here is forbidden. */
const EDGES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  model: {},
  planner: { model: "specs come in, units and ids go everywhere" },
  kernel: { model: "errors are GonaErrors, sizes and rates have units" },
  dataplane: {
    model: "ids, units and errors",
    kernel: "steps become kernel operations and map entries",
    planner: "the states and steps that it observes and executes",
  },
  api: { model: "ids, units and the error catalogue on the wire" },
  agent: {
    kernel: "carries operations out in its namespace",
  },
  daemon: {
    model: "specs are read and checked here",
    agent: "starts it, and speaks with it",
    planner: "decides what is to be done",
    kernel: "opens the namespace's kernel and watches links",
    dataplane: "observes and executes",
    api: "serves it",
    vm: "starts the virtual machines of driver domains, and speaks with them",
  },
  vm: { model: "errors have codes and hints" },
  cli: { model: "errors and units are shown to people", api: "speaks to the daemon" },
  lab: {
    model: "scenarios hold specs, rates and errors",
    kernel: "makes links, reads counters, runs programs by themselves",
    api: "watches the daemon under test",
  },
};

/** Single files that may do more, and why. */
const EXCEPTIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "packages/cli/src/entry-points.ts": {
    daemon: "`gona daemon` loads it when it is asked for, so that other commands start fast",
    lab: "`gona lab` and `gona bench` load it when they are asked for",
    planner: "`gona check` and `gona plan` work without a daemon too",
  },
};

/** Who may import a library that binds the code to a world outside. */
const LIBRARIES: Readonly<Record<string, readonly string[]>> = {
  koffi: ["kernel"],
  fastify: ["daemon"],
  "node:sqlite": ["daemon"],
  commander: ["cli"],
};

/** What a pure package must not know: the time, chance, the process, the outside. */
const IMPURE =
  /\b(?:Date|performance|process|console|setTimeout|setInterval|setImmediate|queueMicrotask|fetch|crypto|Buffer|globalThis|require)\b(?!\s*:)|\bMath\.random\b/;
const PURE = ["model", "planner"];

const files = sourceFiles();
const sources = files.filter((file) => !file.test);
const packages = readdirSync(join(REPOSITORY, "packages"));

const ownPackage = (specifier: string): string | undefined => /^@gona\/([a-z-]+)/.exec(specifier)?.[1];

describe("who imports whom", () => {
  it("knows every package", () => {
    expect(Object.keys(EDGES).sort()).toEqual(packages.toSorted());
  });

  it("follows the arrows", () => {
    const wrong = sources.flatMap((file) =>
      importsOf(file).flatMap((specifier) => {
        const target = ownPackage(specifier);
        if (target === undefined || target === file.package) return [];
        const allowed = target in (EDGES[file.package] ?? {}) || target in (EXCEPTIONS[file.path] ?? {});
        return allowed ? [] : [`${file.path} imports ${specifier}`];
      }),
    );
    expect(wrong).toEqual([]);
  });

  it("has no arrow that nobody uses", () => {
    const used = new Set(
      sources.flatMap((file) => importsOf(file).map((specifier) => `${file.package} -> ${ownPackage(specifier)}`)),
    );
    const idle = Object.entries(EDGES).flatMap(([from, targets]) =>
      Object.keys(targets)
        .filter((to) => !used.has(`${from} -> ${to}`))
        .map((to) => `${from} -> ${to}`),
    );
    expect(idle).toEqual([]);
    for (const path of Object.keys(EXCEPTIONS)) expect(existsSync(join(REPOSITORY, path)), path).toBe(true);
  });

  it("enters a package by its doors alone, and keeps relative imports inside", () => {
    const doors = new Map(packages.map((name) => [name, Object.keys(manifest(name).exports)]));
    const wrong = sources.flatMap((file) =>
      importsOf(file).flatMap((specifier) => {
        const target = ownPackage(specifier);
        if (target !== undefined) {
          const door = `.${specifier.slice(`@gona/${target}`.length)}`;
          return doors.get(target)?.includes(door) ? [] : [`${file.path} imports ${specifier}`];
        }
        if (!specifier.startsWith(".")) return [];
        const path = normalize(join(dirname(file.path), specifier));
        const inside = path.startsWith(`packages/${file.package}/src/`) || path.startsWith("scripts/");
        return inside ? [] : [`${file.path} imports ${specifier}`];
      }),
    );
    expect(wrong).toEqual([]);
  });

  it("declares what it imports", () => {
    const wrong = sources.flatMap((file) =>
      importsOf(file).flatMap((specifier) => {
        if (specifier.startsWith(".") || specifier.startsWith("node:")) return [];
        const name = specifier
          .split("/")
          .slice(0, specifier.startsWith("@") ? 2 : 1)
          .join("/");
        if (name === `@gona/${file.package}`) return [`${file.path} imports its own package by name`];
        return name in (manifest(file.package).dependencies ?? {}) || ownPackage(specifier) !== undefined
          ? []
          : [`${file.path} imports ${name}`];
      }),
    );
    expect(wrong).toEqual([]);
  });

  it("leaves libraries of the outside world to those who face it", () => {
    const wrong = sources.flatMap((file) =>
      importsOf(file)
        .filter((specifier) => LIBRARIES[specifier]?.includes(file.package) === false)
        .map((specifier) => `${file.path} imports ${specifier}`),
    );
    expect(wrong).toEqual([]);
  });
});

describe("pure packages", () => {
  it.each(PURE)("%s knows no time, chance, process or outside", (name) => {
    const wrong = sources
      .filter((file) => file.package === name)
      .flatMap((file) => {
        const outside = importsOf(file).filter((specifier) => specifier.startsWith("node:"));
        const code = withoutComments(file.text).replace(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`/g, '""');
        const word = IMPURE.exec(code)?.[0];
        return [...outside, ...(word === undefined ? [] : [word])].map((found) => `${file.path}: ${found}`);
      });
    expect(wrong).toEqual([]);
  });
});

interface Manifest {
  readonly exports: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}

function manifest(name: string): Manifest {
  return JSON.parse(readFileSync(join(REPOSITORY, "packages", name, "package.json"), "utf8")) as Manifest;
}
