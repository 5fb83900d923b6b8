import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { GonaError } from "@gona/model";
import type { LabPaths } from "./lab-paths.ts";
import { identify, isAlive, type ProcessIdentity, signal } from "./process-identity.ts";
import { waitUntil } from "./wait-until.ts";

export interface LabProcessOptions {
  readonly paths: LabPaths;
  /** For log file, pid file and error messages. */
  readonly name: string;
  readonly netns: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Each line of standard output; without it, output goes to the log. */
  readonly onLine?: (line: string) => void;
  /** Outlives this process (`lab up`). */
  readonly stays?: boolean;
}

/** A process of the lab inside one of its namespaces; recorded on disk, so that a crash leaves nothing behind. */
export class LabProcess implements AsyncDisposable {
  readonly name: string;
  readonly identity: ProcessIdentity;
  readonly log: string;
  readonly #child: ChildProcess;
  readonly #pidFile: string;
  readonly #closed: Promise<number | undefined>;
  #exit: { readonly code: number | undefined } | undefined;

  constructor(options: LabProcessOptions) {
    const { paths, name, netns, command, args, onLine, stays = false } = options;
    mkdirSync(paths.logs, { recursive: true });
    mkdirSync(paths.children, { recursive: true });
    this.name = name;
    this.log = join(paths.logs, `${name}.log`);
    const log = openSync(this.log, "a");
    try {
      // nsenter execs: the child's pid is the command's own. `ip netns exec` would change the mounts as well.
      this.#child = spawn("nsenter", [`--net=/run/netns/${netns}`, command, ...args], {
        stdio: [stays ? "ignore" : "pipe", onLine === undefined ? log : "pipe", log],
        // A session of its own: Ctrl-C is for the lab, which then ends its children in order.
        detached: true,
      });
    } finally {
      closeSync(log);
    }
    const identity = this.#child.pid === undefined ? undefined : identify(this.#child.pid);
    this.#closed = new Promise((resolve) => {
      const ended = (code: number | null): void => {
        this.#exit ??= { code: code ?? undefined };
        rmSync(this.#pidFile, { force: true });
        resolve(this.#exit.code);
      };
      this.#child.on("close", ended);
      this.#child.on("error", () => ended(null));
    });
    this.#pidFile = join(paths.children, String(this.#child.pid ?? "none"));
    if (identity === undefined)
      throw new GonaError("KERNEL_REFUSED", `${name} did not start: ${command} ${args.join(" ")}`);
    this.identity = identity;
    writeFileSync(this.#pidFile, JSON.stringify({ ...identity, name }));
    this.#child.stdin?.on("error", () => undefined);
    if (onLine !== undefined && this.#child.stdout !== null) {
      createInterface({ input: this.#child.stdout }).on("line", onLine);
    }
    if (stays) this.#child.unref();
  }

  get running(): boolean {
    return this.#exit === undefined && isAlive(this.identity);
  }

  /** Settles with the exit code (undefined: by a signal) once it has ended and its output was read. */
  get ended(): Promise<number | undefined> {
    return this.#closed;
  }

  /** The last lines that it wrote to its log, for error messages. */
  logTail(lines = 12): string {
    try {
      return readFileSync(this.log, "utf8").trimEnd().split("\n").slice(-lines).join("\n");
    } catch {
      return ""; // no log yet
    }
  }

  /** The programs of the lab end when their standard input does. */
  closeInput(): void {
    this.#child.stdin?.end();
  }

  writeInput(text: string): void {
    this.#child.stdin?.write(text);
  }

  kill(name: NodeJS.Signals): boolean {
    return signal(this.identity, name);
  }

  /** Asks it to end, and after `graceMs` makes it end. Its last output has been read then. */
  async stop(name: NodeJS.Signals = "SIGTERM", graceMs = 3000): Promise<number | undefined> {
    if (this.#exit === undefined) {
      this.closeInput();
      this.kill(name);
      const timer = setTimeout(() => this.kill("SIGKILL"), graceMs);
      await this.#closed;
      clearTimeout(timer);
    }
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** Ends what a pid file names, if it still is that process; then removes the file. */
export async function endRecorded(pidFile: string, graceMs = 3000): Promise<void> {
  await endProcess(JSON.parse(readFileSync(pidFile, "utf8")) as ProcessIdentity, graceMs);
  rmSync(pidFile, { force: true });
}

/** Asks it to end, and after `graceMs` makes it end; settles when it is gone. */
export async function endProcess(process: ProcessIdentity, graceMs = 3000): Promise<void> {
  const gone = (): true | undefined => (isAlive(process) ? undefined : true);
  if (!signal(process, "SIGTERM")) return;
  try {
    await waitUntil(`process ${process.pid} ends`, gone, { withinMs: graceMs });
  } catch {
    signal(process, "SIGKILL"); // it was asked kindly
    await waitUntil(`process ${process.pid} ends`, gone, { withinMs: graceMs });
  }
}
