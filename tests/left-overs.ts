import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { CgroupLeaf, listNamespaces } from "@gona/kernel";
import type { DaemonBed } from "./daemon-bed.ts";
import { run } from "./run.ts";

/** All that GONA makes on a machine, in words that do not depend on numbers that the kernel gives out. */
export interface LeftOvers {
  readonly namespaces: readonly string[];
  /** `namespace link`, of the hub and its domains. */
  readonly links: readonly string[];
  /** `namespace link kind`, with how many there are. */
  readonly qdiscs: readonly string[];
  /** Of the run dir, without pids: agents by their words. */
  readonly processes: readonly string[];
  readonly pins: readonly string[];
  readonly controlGroups: readonly string[];
}

/** What is there now of a bed's hub and of its domains. */
export function leftOvers(bed: DaemonBed): LeftOvers {
  const hub = bed.netns("hub");
  const domains = listNamespaces().filter((name) => name.startsWith(`${hub}.`));
  const places = [hub, ...domains.toSorted()];
  return {
    namespaces: domains.toSorted(),
    links: places.flatMap((netns) => linksIn(netns).map((link) => `${netns} ${link}`)),
    qdiscs: places.flatMap((netns) => counted(qdiscsIn(netns)).map((line) => `${netns} ${line}`)),
    processes: processesOf(bed),
    pins: filesBelow(join(bed.runDir, "bpf")),
    controlGroups: controlGroupsOf(hub),
  };
}

export const linksIn = (netns: string): readonly string[] =>
  (JSON.parse(run("ip", "-n", netns, "-json", "link", "show")) as { ifname: string }[])
    .map(({ ifname }) => ifname)
    .toSorted();

const qdiscsIn = (netns: string): readonly string[] =>
  (JSON.parse(run("tc", "-n", netns, "-json", "qdisc", "show")) as { dev: string; kind: string }[]).map(
    ({ dev, kind }) => `${dev} ${kind}`,
  );

function counted(lines: readonly string[]): readonly string[] {
  return [...new Set(lines)].toSorted().map((line) => `${line} x${lines.filter((each) => each === line).length}`);
}

/** Agents and virtual machines, by their words; the daemon itself is left out. */
function processesOf(bed: DaemonBed): readonly string[] {
  return (
    readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => {
        try {
          return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").join(" ").trim();
        } catch {
          return ""; // it ended meanwhile
        }
      })
      .filter((words) => words.includes(`${bed.runDir}/`))
      // A machine's cards are among its words, or were plugged in later.
      .map((words) => (words.startsWith("qemu-system") ? words.split(" ").slice(0, 3).join(" ") : words))
      .toSorted()
  );
}

function filesBelow(directory: string): readonly string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, encoding: "utf8" }).toSorted();
}

const controlGroupsOf = (hub: string): readonly string[] =>
  CgroupLeaf.all(`${hub}.`)
    .map(({ path }) => basename(path))
    .toSorted();
