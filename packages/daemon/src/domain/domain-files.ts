import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DomainSpec } from "@gona/model";

/** What a daemon notes of a domain that it runs, for the next one to take it over. */
export interface DomainNote {
  readonly spec: DomainSpec;
  /** Name below /run/netns; of a vm absent. */
  readonly netns?: string;
  /** The agent's or QEMU's, with the time at which it began: ProcessHandle.open. Absent while there is none. */
  readonly process?: { readonly pid: number; readonly startTicks: number };
}

/** The files of driver domains: `<run dir>/domains/NAME.json`, `.sock` and `.log`. */
export class DomainFiles {
  readonly directory: string;

  constructor(runDir: string) {
    this.directory = join(runDir, "domains");
    mkdirSync(this.directory, { recursive: true, mode: 0o700 });
  }

  socket(domain: string): string {
    return join(this.directory, `${domain}.sock`);
  }

  /** What the process wrote to its standard output and error, of the last start alone. */
  log(domain: string): string {
    return join(this.directory, `${domain}.log`);
  }

  /** Names of the domains that a daemon noted here. */
  noted(): readonly string[] {
    return readdirSync(this.directory)
      .filter((name) => name.endsWith(".json"))
      .map((name) => name.slice(0, -".json".length))
      .sort();
  }

  /** Undefined where there is none, or none that can be read. */
  read(domain: string): DomainNote | undefined {
    try {
      const note = JSON.parse(readFileSync(this.#note(domain), "utf8")) as DomainNote;
      return note.spec.name === domain ? note : undefined;
    } catch {
      return undefined; // none, or cut off by a full disk: the domain is started anew
    }
  }

  write(note: DomainNote): void {
    const path = this.#note(note.spec.name);
    writeFileSync(`${path}.new`, JSON.stringify(note), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }

  /** The last words that the process left; empty where it left none. */
  lastWords(domain: string, lines = 3): string {
    try {
      const text = readFileSync(this.log(domain), "utf8").trim();
      return text.split("\n").slice(-lines).join(" | ").slice(-MOST_WORDS);
    } catch {
      return "";
    }
  }

  /** Everything of one domain. */
  remove(domain: string): void {
    for (const path of [this.#note(domain), this.socket(domain), this.log(domain)]) rmSync(path, { force: true });
  }

  #note(domain: string): string {
    return join(this.directory, `${domain}.json`);
  }
}

const MOST_WORDS = 400;
