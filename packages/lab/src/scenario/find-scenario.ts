import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, extname, join } from "node:path";
import { GonaError, nearestWord } from "@gona/model";
import { REPOSITORY } from "../bed/lab-paths.ts";
import { parseScenario } from "./parse-scenario.ts";
import type { Scenario } from "./scenario.ts";

const SCENARIOS = join(REPOSITORY, "scenarios");

/** Names of the scenarios that come with GONA, sorted. */
export const scenarioNames = (): string[] =>
  existsSync(SCENARIOS)
    ? readdirSync(SCENARIOS)
        .filter((file) => file.endsWith(".yaml"))
        .map((file) => basename(file, ".yaml"))
        .sort()
    : [];

/** Reads a scenario by its name, or by the path of a file. Throws NOT_FOUND, or what parseScenario throws. */
export function findScenario(nameOrPath: string): Scenario {
  const own = join(SCENARIOS, `${nameOrPath}.yaml`);
  const path = existsSync(own) && !nameOrPath.includes("/") ? own : nameOrPath;
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    const near = nearestWord(nameOrPath, scenarioNames());
    throw new GonaError(
      "NOT_FOUND",
      `there is no scenario ${nameOrPath}`,
      { hint: near === undefined ? `known: ${scenarioNames().join(", ")}` : `did you mean ${near}?` },
      { cause },
    );
  }
  return parseScenario(text, path, labName(path));
}

/** The lab of a scenario's name or path: lower case, digits and dashes, at most 24; part of namespaces' names. */
export function labName(path: string): string {
  const name = basename(path, extname(path))
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
  if (name !== "") return name.slice(0, 24);
  throw new GonaError("USAGE", `a scenario's file needs a name: ${path}`);
}
