import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { enterCommand } from "@gona/kernel";
import { run } from "./run.ts";

const SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema";
const DEADLINE_S = 60;

/** Open vSwitch in a namespace, with its userspace datapath and a database of its own. */
export class OvsSwitch implements AsyncDisposable {
  readonly #directory = mkdtempSync(join(tmpdir(), "gona-ovs-"));
  readonly #processes: ChildProcess[] = [];
  readonly #netns: string;

  private constructor(netns: string) {
    this.#netns = netns;
  }

  static async start(netns: string): Promise<OvsSwitch> {
    const made = new OvsSwitch(netns);
    try {
      await made.#start();
      return made;
    } catch (error) {
      await made[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** `ovs-vsctl`: waits until the switch has done it. */
  set(...words: readonly string[]): string {
    return run("ovs-vsctl", `--db=unix:${this.#file("db.sock")}`, `--timeout=${DEADLINE_S}`, ...words);
  }

  /** A bridge with a port on the namespace's stack, which is up. */
  addBridge(name: string, address?: string): void {
    this.set("add-br", name, "--", "set", "bridge", name, "datapath_type=netdev");
    if (address !== undefined) run("ip", "-n", this.#netns, "addr", "add", address, "dev", name);
    run("ip", "-n", this.#netns, "link", "set", name, "up");
  }

  ask(...words: readonly string[]): string {
    return run("ovs-appctl", `--target=${this.#file("switch.ctl")}`, `--timeout=${DEADLINE_S}`, ...words);
  }

  /** Of each member of a bundle, by `ovs-appctl lacp/show`: `current attached`, `expired detached` … */
  lacp(bundle: string): ReadonlyMap<string, string> {
    const said = this.ask("lacp/show", bundle);
    return new Map(
      [...said.matchAll(/^(?:member|slave): (\S+): (.*)$/gm)].map(([, name = "", state = ""]) => [name, state]),
    );
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

  async #start(): Promise<void> {
    const database = this.#file("conf.db");
    const socket = this.#file("db.sock");
    run("ovsdb-tool", "create", database, SCHEMA);
    this.#spawn("ovsdb-server", [database, `--remote=punix:${socket}`, `--unixctl=${this.#file("db.ctl")}`]);
    await this.#made("db.sock");
    this.set("--no-wait", "init");
    this.#spawn("ovs-vswitchd", [`unix:${socket}`, `--unixctl=${this.#file("switch.ctl")}`]);
    await this.#made("switch.ctl");
  }

  #file(name: string): string {
    return join(this.#directory, name);
  }

  async #made(name: string): Promise<void> {
    const deadline = performance.now() + DEADLINE_S * 1000;
    while (!existsSync(this.#file(name))) {
      if (performance.now() > deadline) throw new Error(`Open vSwitch did not make ${name}`);
      await delay(20);
    }
  }

  #spawn(program: string, words: readonly string[]): void {
    const quiet = ["--verbose=off", ...words];
    const [command, ...args] = enterCommand(this.#netns, [program, ...quiet]);
    const env = {
      ...process.env,
      OVS_RUNDIR: this.#directory,
      OVS_LOGDIR: this.#directory,
      OVS_DBDIR: this.#directory,
    };
    this.#processes.push(spawn(command, args, { env, stdio: "ignore" }));
  }
}
