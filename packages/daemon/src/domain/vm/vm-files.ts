import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { NicId } from "@gona/model";
import type { Unit } from "./machine-links.ts";

/** What is noted of a domain's machines, beside DomainNote. */
export interface MachinesNote {
  /** The one at work. */
  readonly active: Unit;
  readonly units: Readonly<Partial<Record<Unit, UnitNote>>>;
}

export interface UnitNote {
  readonly pid: number;
  readonly startTicks: number;
  /** That are joined in it. */
  readonly nics: readonly NicId[];
}

/** Files of a domain's machines below `<run dir>/domains`. */
export class VmFiles {
  readonly #directory: string;
  readonly #domain: string;

  constructor(directory: string, domain: string) {
    this.#directory = directory;
    this.#domain = domain;
  }

  /** Unix socket of the line protocol with the guest. */
  control(unit: Unit): string {
    return this.#path(unit, "control");
  }

  /** Unix socket of QMP. */
  monitor(unit: Unit): string {
    return this.#path(unit, "monitor");
  }

  /** The guest's last words. */
  words(unit: Unit): string {
    return this.#path(unit, "words");
  }

  /** QEMU's own complaints. */
  log(unit: Unit): string {
    return this.#path(unit, "log");
  }

  /** Undefined where there is none, or none that can be read. */
  read(): MachinesNote | undefined {
    try {
      return JSON.parse(readFileSync(this.#note, "utf8")) as MachinesNote;
    } catch {
      return undefined; // none, or cut off: the machines are started anew
    }
  }

  write(note: MachinesNote): void {
    writeFileSync(`${this.#note}.new`, JSON.stringify(note), { mode: 0o600 });
    renameSync(`${this.#note}.new`, this.#note);
  }

  /** The last lines of QEMU's own words; empty where it left none. */
  lastWords(unit: Unit): string {
    try {
      return readFileSync(this.log(unit), "utf8").trim().split("\n").slice(-3).join(" | ").slice(-400);
    } catch {
      return "";
    }
  }

  remove(): void {
    const each = (["a", "b"] as const).flatMap((unit) =>
      ["control", "monitor", "words", "log"].map((kind) => this.#path(unit, kind)),
    );
    for (const path of [this.#note, ...each]) rmSync(path, { force: true });
  }

  get #note(): string {
    return join(this.#directory, `${this.#domain}.machines`);
  }

  #path(unit: Unit, kind: string): string {
    return join(this.#directory, `${this.#domain}-${unit}.${kind}`);
  }
}
