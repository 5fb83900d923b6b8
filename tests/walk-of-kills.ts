import { setTimeout as pause } from "node:timers/promises";
import type { DomainView } from "@gona/api";
import { deleteNamespace, listNamespaces } from "@gona/kernel";
import { expect } from "vitest";
import { DaemonBed, endStream, type JsonProcess } from "./daemon-bed.ts";
import { leftOvers, linksIn } from "./left-overs.ts";
import { EndOfMachines, machinesOf } from "./machines.ts";
import { oneOf, random } from "./random-walk.ts";
import { run } from "./run.ts";

/** A driver domain that NICs come to and go from. */
export interface WalkDomain {
  readonly name: string;
  /** As the spec has it, from `isolation` on. */
  readonly words: string;
  readonly hasSpare?: boolean;
}

export interface WalkOptions {
  /** Of the names of its namespaces. */
  readonly prefix: string;
  /** One for each NIC. */
  readonly domains: readonly [WalkDomain, WalkDomain];
  readonly kills: number;
  /** With the same seed the same is done again. */
  readonly seed: number;
  /** Datagrams of each stream. */
  readonly perSecond: number;
  /** So long may it take until all is as the spec wants it. */
  readonly convergeMs: number;
}

/** After so many kills all must be as the spec wants it. */
const EVERY = 20;
const OTHERS = ["other1", "other2"];
const NICS = ["eth1", "eth2"] as const;
/** The domain of NICs that are in none. */
const HUB = "host";

const guest = (bed: DaemonBed, name: string, number: number, slices: readonly string[]) => `
  - name: ${name}
    vif: { create: { netns: ${bed.netns(name)}, name: eth0 }, mac: "52:54:00:d5:00:0${number}", addresses: [10.9.0.${number}] }
    aggregate: { balance: hash, slices: [${slices.join(", ")}] }`;

/** Kills at random while specs are applied, under traffic: it must always converge, and leave nothing behind. */
export async function walkOfKills(options: WalkOptions): Promise<void> {
  await using bed = new DaemonBed(options.prefix, OTHERS);
  using _ = new EndOfMachines(bed);
  const { kills, seed } = options;
  const walk = new Walk(bed, options);
  const known = walk.specText(options.domains.map(({ name }) => name));
  await walk.startDaemon();
  await walk.settle(known);
  bed.dressSteadyGuest();
  const before = leftOvers(bed);
  expect(before.processes).toHaveLength(options.domains.reduce((sum, { hasSpare }) => sum + (hasSpare ? 2 : 1), 0));
  const streams = await bed.startTraffic(options.perSecond);

  for (let killed = 0; killed < kills; ) {
    const text = walk.randomSpec();
    const applied = walk.apply(text);
    for (const until = Math.min(kills, killed + EVERY); killed < until; ) {
      if (await walk.kill()) killed++;
      await walk.pause();
    }
    await applied;
    await walk.settle(text);
  }

  await walk.settle(known);
  expect({ seed, ...leftOvers(bed) }).toEqual({ seed, ...before });
  // Traffic still flows, both ways, and nobody reconnected it.
  for (const { name, receiver } of streams) {
    const seen = receiver.lines.findLast((line) => line.kind === "sequence");
    const more = (line: { readonly [name: string]: unknown }) => Number(line.received) > Number(seen?.received);
    await receiver.line(`more of ${name}`, more);
  }
  for (const stream of streams) await endStream(stream);

  await walk.settle(walk.specText([HUB, HUB]));
  const names = async () => (await bed.client.domains()).map(({ name }) => name);
  await expect.poll(names, { timeout: options.convergeMs, interval: 50 }).toEqual([HUB]);
  await walk.stopDaemon();
  const after = leftOvers(bed);
  expect(after).toMatchObject({ namespaces: [], processes: [], controlGroups: [] });
  expect(after.links.filter((line) => / g[abdmntx]-/.test(line))).toEqual([]);
}

/** What is killed, and the daemon that is there at the moment. */
class Walk {
  readonly #bed: DaemonBed;
  readonly #options: WalkOptions;
  readonly #diary: string[] = [];
  readonly #next: () => number;
  #daemon: JsonProcess | undefined;

  constructor(bed: DaemonBed, options: WalkOptions) {
    this.#bed = bed;
    this.#options = options;
    this.#next = random(options.seed);
  }

  /** The steady guest is alike in all of them; `places` are the NICs' domains. */
  specText(places: readonly string[], others = ""): string {
    const slices = NICS.map((nic) => `{ nic: ${nic}, egress: { reserve: 10Mbit, limit: 500Mbit } }`);
    const nics = NICS.map((name, index) => {
      return `  - { name: ${name}, domain: ${places[index]}, capacity: 2Gbit, fabric: rack, failback: 0s }`;
    });
    const used = this.#options.domains.filter(({ name }) => places.includes(name));
    const lines = used.map(({ name, words }) => `  - { name: ${name}, ${words} }`);
    const domains = used.length === 0 ? "" : `domains:\n${lines.join("\n")}\n`;
    const steady = guest(this.#bed, "steady", 1, slices);
    return `apiVersion: gona/v1\n${domains}nics:\n${nics.join("\n")}\nguests:${steady}${others}\n`;
  }

  /** Guests come and go, and NICs are in one domain, in another or in none. */
  randomSpec(): string {
    const next = this.#next;
    const domains = this.#options.domains.map(({ name }) => name);
    const places = NICS.map((_, index) => (next() < 0.6 ? (domains[index] ?? HUB) : oneOf(next, [...domains, HUB])));
    const others = OTHERS.map((name, index) => {
      if (next() < 0.3) return "";
      const nics = oneOf(next, [["eth1"], ["eth2"], ["eth1", "eth2"]]);
      const limit = 50 + Math.floor(next() * 900);
      const slices = nics.map((nic) => `{ nic: ${nic}, egress: { reserve: 10Mbit, limit: ${limit}Mbit } }`);
      return guest(this.#bed, name, index + 2, slices);
    });
    return this.specText(places, others.join(""));
  }

  async pause(): Promise<void> {
    await pause(this.#next() * 250);
  }

  async startDaemon(): Promise<void> {
    this.#daemon = this.#bed.spawnDaemon();
    await this.#daemon.line("ready", (line) => line.msg === "ready");
  }

  async stopDaemon(): Promise<void> {
    await this.#daemon?.stop("SIGTERM");
  }

  /** Kills something; false where it was not there to be killed. */
  async kill(): Promise<boolean> {
    const chance = this.#next();
    const signal = this.#next() < 0.85 ? "SIGKILL" : "SIGSTOP";
    if (chance < 0.12) return this.#killController();
    if (chance < 0.4) return this.#deleteName();
    if (chance < 0.65) return this.#strikeMachine(signal);
    return this.#strikeAgent(signal);
  }

  /** A spec is applied while things are killed; one that the kill cut short is no failure. */
  apply(text: string): Promise<string> {
    this.#note("a spec is applied");
    return this.#bed.client.apply({ text }).then(
      () => "done",
      () => "cut",
    );
  }

  /**
   * Applies a spec, again where an agent was missing in the middle of it, until all is as the spec wants it, with the
   * operator's word where a domain was lost too often. A namespace that nobody
   * held took its NIC along: that is plugged in again, as a physical one comes back to the hub.
   */
  async settle(text: string): Promise<void> {
    const { client } = this.#bed;
    const { convergeMs, seed } = this.#options;
    const untilMs = Date.now() + convergeMs;
    let applied = false;
    let states = "";
    let last = "";
    while (Date.now() < untilMs) {
      try {
        for (const nic of NICS) this.#plugIfGone(nic);
        const domains = await client.domains();
        states = domains.map(({ name, state, cause }) => `${name} ${state} ${cause}`).join(", ");
        for (const { name, state } of domains) if (state === "failed") await client.domainRestart(name);
        if (!applied) {
          await client.apply({ text });
          applied = true;
        }
        const { converged, pending, lastError } = await client.status();
        const up = domains.every(({ state, spare }) => state === "up" && spare !== "starting");
        const { steps } = await client.plan({ text });
        if (converged && up && pending.length === 0 && steps.length === 0) return;
        last = JSON.stringify({ converged, pending, lastError, domains, steps });
      } catch (error) {
        last = `${states}; ${String(error)}`;
      }
      await pause(100);
    }
    throw new Error(`not converged; seed ${seed}; ${last}\n${this.#diary.slice(-40).join("\n")}`);
  }

  /** While there is none, an agent may die as well. */
  async #killController(): Promise<boolean> {
    this.#note("the daemon is killed");
    const agents = this.#next() < 0.3 ? await this.#agents() : [];
    await this.#daemon?.stop("SIGKILL");
    for (const { pid, name } of agents.slice(0, 1)) {
      this.#note(`the agent of ${name} is killed beside it`);
      if (pid !== null) process.kill(pid, "SIGKILL");
    }
    await pause(this.#next() * 200);
    await this.startDaemon();
    return true;
  }

  #deleteName(): boolean {
    const all = listNamespaces().filter((name) => name.startsWith(`${this.#bed.netns("hub")}.`));
    if (all.length === 0) return false;
    const name = oneOf(this.#next, all);
    this.#note(`the name ${name} is deleted`);
    deleteNamespace(name);
    return true;
  }

  async #strikeAgent(signal: NodeJS.Signals): Promise<boolean> {
    const agents = await this.#agents();
    if (agents.length === 0) return false;
    const { name, pid } = oneOf(this.#next, agents);
    return this.#strike(Number(pid), signal, `the agent of ${name}`);
  }

  /** The one at work, or the spare. */
  #strikeMachine(signal: NodeJS.Signals): boolean {
    const all = this.#options.domains.flatMap(({ name }) => {
      const { active, units } = machinesOf(this.#bed, name) ?? { units: {} };
      return Object.entries(units).map(([unit, { pid }]) => {
        return { pid, what: `the machine of ${name} ${unit === active ? "at work" : "that stands by"}` };
      });
    });
    if (all.length === 0) return false;
    const { pid, what } = oneOf(this.#next, all);
    return this.#strike(pid, signal, what);
  }

  #strike(pid: number, signal: NodeJS.Signals, what: string): boolean {
    this.#note(`${signal} to ${what}`);
    try {
      process.kill(pid, signal);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
      throw error;
    }
  }

  async #agents(): Promise<readonly DomainView[]> {
    return (await this.#bed.client.domains()).filter(({ pid, isolation }) => isolation === "netns" && pid !== null);
  }

  /** A veth goes with its other end: a NIC whose port is gone was in a namespace that is. */
  #plugIfGone(nic: string): void {
    const [hub, wire] = [this.#bed.netns("hub"), this.#bed.netns("switch")];
    if (linksIn(wire).includes(`to-${nic}`)) return;
    this.#note(`${nic} is plugged in again`);
    run("ip", "-n", hub, "link", "add", nic, "type", "veth", "peer", "name", `to-${nic}`, "netns", wire);
    run("ip", "-n", wire, "link", "set", `to-${nic}`, "master", "br0", "up");
    run("ip", "-n", hub, "link", "set", nic, "up");
  }

  #note(what: string): void {
    this.#diary.push(`${new Date().toISOString().slice(14, 23)} ${what}`);
  }
}
