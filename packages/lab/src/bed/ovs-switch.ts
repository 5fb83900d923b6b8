import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { runCommand } from "./run-command.ts";
import { SLOWNESS } from "./slowness.ts";
import { waitUntil } from "./wait-until.ts";

const SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema";
const DEADLINE_S = 60 * SLOWNESS;

/** Starts a program in the switch's namespace; whoever gives it also ends it. */
export type OvsSpawn = (name: string, command: string, args: readonly string[]) => void;

/** Open vSwitch with its userspace datapath and a database of its own; all its files are in one directory. */
export class OvsSwitch {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Starts its two processes; settles when both answer. Throws GonaError: NO_LIBRARY where it is not installed. */
  async start(spawn: OvsSpawn): Promise<void> {
    mkdirSync(this.#directory, { recursive: true });
    const [database, socket] = [this.#file("conf.db"), this.#file("db.sock")];
    const places = ["OVS_RUNDIR", "OVS_LOGDIR", "OVS_DBDIR"].map((name) => `${name}=${this.#directory}`);
    const start = (program: string, words: readonly string[]): void =>
      spawn(program, "env", [...places, program, "--verbose=off", ...words]);
    await runCommand("ovsdb-tool", ["create", database, SCHEMA]);
    start("ovsdb-server", [database, `--remote=punix:${socket}`, `--unixctl=${this.#file("db.ctl")}`]);
    await this.#made("db.sock");
    await this.set("--no-wait", "init");
    start("ovs-vswitchd", [`unix:${socket}`, `--unixctl=${this.#file("switch.ctl")}`]);
    await this.#made("switch.ctl");
  }

  /** `ovs-vsctl`: waits until the switch has done it. Throws GonaError. */
  set(...words: readonly string[]): Promise<string> {
    return runCommand("ovs-vsctl", [`--db=unix:${this.#file("db.sock")}`, `--timeout=${DEADLINE_S}`, ...words]);
  }

  /** `ovs-appctl`. Throws GonaError. */
  ask(...words: readonly string[]): Promise<string> {
    return runCommand("ovs-appctl", [`--target=${this.#file("switch.ctl")}`, `--timeout=${DEADLINE_S}`, ...words]);
  }

  /** Of each member of a bundle, by `ovs-appctl lacp/show`: `current attached`, `expired detached` … */
  async lacp(bundle: string): Promise<ReadonlyMap<string, string>> {
    const said = await this.ask("lacp/show", bundle);
    return new Map(
      [...said.matchAll(/^(?:member|slave): (\S+): (.*)$/gm)].map(([, name = "", state = ""]) => [name, state]),
    );
  }

  #file(name: string): string {
    return join(this.#directory, name);
  }

  async #made(name: string): Promise<void> {
    const made = (): true | undefined => (existsSync(this.#file(name)) ? true : undefined);
    await waitUntil(`Open vSwitch makes ${name}`, made, { withinMs: 60_000 });
  }
}
