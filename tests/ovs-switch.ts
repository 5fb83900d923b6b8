import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { enterCommand } from "@gona/kernel";
import { OvsSwitch as LabSwitch } from "../packages/lab/src/bed/ovs-switch.ts";
import { run } from "./run.ts";

/** The lab's Open vSwitch, in a namespace of a test's; it ends with its disposal. */
export class OvsSwitch extends LabSwitch implements AsyncDisposable {
  readonly #directory: string;
  readonly #processes: ChildProcess[] = [];
  readonly #netns: string;

  private constructor(netns: string, directory: string) {
    super(directory);
    this.#netns = netns;
    this.#directory = directory;
  }

  static async run(netns: string): Promise<OvsSwitch> {
    const made = new OvsSwitch(netns, mkdtempSync(join(tmpdir(), "gona-ovs-")));
    try {
      await made.start((_name, program, words) => {
        const [command, ...args] = enterCommand(netns, [program, ...words]);
        made.#processes.push(spawn(command, args, { stdio: "ignore" }));
      });
      return made;
    } catch (error) {
      await made[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** A bridge with a port on the namespace's stack, which is up. */
  async addBridge(name: string, address?: string): Promise<void> {
    await this.set("add-br", name, "--", "set", "bridge", name, "datapath_type=netdev");
    if (address !== undefined) run("ip", "-n", this.#netns, "addr", "add", address, "dev", name);
    run("ip", "-n", this.#netns, "link", "set", name, "up");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const process of this.#processes.toReversed()) {
      if (process.exitCode !== null || process.signalCode !== null) continue;
      const gone = once(process, "exit");
      process.kill("SIGKILL");
      await gone;
    }
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
