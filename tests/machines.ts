import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { processesNaming } from "@gona/kernel";
import type { DaemonBed } from "./daemon-bed.ts";

/** What a daemon notes of a domain's virtual machines. */
export interface Machines {
  readonly active: "a" | "b";
  readonly units: Readonly<Partial<Record<"a" | "b", { readonly pid: number }>>>;
}

/** Undefined where the domain has none, or is none. */
export function machinesOf(bed: DaemonBed, domain: string): Machines | undefined {
  const path = join(bed.runDir, "domains", `${domain}.machines`);
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Machines) : undefined;
}

/** Machines outlive daemons, and so they would the test. */
export class EndOfMachines implements Disposable {
  readonly #bed: DaemonBed;

  constructor(bed: DaemonBed) {
    this.#bed = bed;
  }

  [Symbol.dispose](): void {
    for (const machine of processesNaming(`path=${this.#bed.runDir}/`)) {
      machine.kill("SIGKILL");
      machine[Symbol.dispose]();
    }
  }
}
