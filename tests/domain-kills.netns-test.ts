import { setTimeout as pause } from "node:timers/promises";
import type { DomainView } from "@gona/api";
import { deleteNamespace, listNamespaces } from "@gona/kernel";
import { expect, test } from "vitest";
import { DaemonBed, endStream, type JsonProcess } from "./daemon-bed.ts";
import { leftOvers, linksIn } from "./left-overs.ts";
import { oneOf, random } from "./random-walk.ts";
import { run } from "./run.ts";

/** GONA_KILLS: more of them, for a longer walk. */
const KILLS = Number(process.env.GONA_KILLS ?? 100);
/** Of the walk; GONA_SEED replays another. */
const SEED = Number(process.env.GONA_SEED ?? 20_261);
/** After so many kills all must be as the spec wants it. */
const EVERY = 20;
const OTHERS = ["other1", "other2"];
const NICS = ["eth1", "eth2"] as const;
const DOMAINS = ["dd-a", "dd-b"] as const;
/** The domain of NICs that are in none. */
const HUB = "host";
const CONVERGE_MS = 120_000;

const guest = (bed: DaemonBed, name: string, number: number, slices: readonly string[]) => `
  - name: ${name}
    vif: { create: { netns: ${bed.netns(name)}, name: eth0 }, mac: "52:54:00:d5:00:0${number}", addresses: [10.9.0.${number}] }
    aggregate: { balance: hash, slices: [${slices.join(", ")}] }`;

/** The steady guest is alike in all of them; others come and go, and NICs are in one domain, in another or in none. */
function specText(bed: DaemonBed, place: readonly string[], others: string): string {
  const slices = NICS.map((nic) => `{ nic: ${nic}, egress: { reserve: 10Mbit, limit: 500Mbit } }`);
  const nics = NICS.map((name, index) => {
    return `  - { name: ${name}, domain: ${place[index]}, capacity: 2Gbit, fabric: rack, failback: 0s }`;
  });
  const used = DOMAINS.filter((name) => place.includes(name));
  const domains =
    used.length === 0 ? "" : `domains:\n${used.map((name) => `  - { name: ${name}, isolation: netns }`).join("\n")}\n`;
  return `apiVersion: gona/v1\n${domains}nics:\n${nics.join("\n")}\nguests:${guest(bed, "steady", 1, slices)}${others}\n`;
}

function randomSpec(bed: DaemonBed, next: () => number): string {
  const place = NICS.map((_, index) => (next() < 0.6 ? (DOMAINS[index] ?? HUB) : oneOf(next, [...DOMAINS, HUB])));
  const others = OTHERS.map((name, index) => {
    if (next() < 0.3) return "";
    const nics = oneOf(next, [["eth1"], ["eth2"], ["eth1", "eth2"]]);
    const limit = 50 + Math.floor(next() * 900);
    const slices = nics.map((nic) => `{ nic: ${nic}, egress: { reserve: 10Mbit, limit: ${limit}Mbit } }`);
    return guest(bed, name, index + 2, slices);
  });
  return specText(bed, place, others.join(""));
}

const domainNamespaces = (bed: DaemonBed): readonly string[] =>
  listNamespaces().filter((name) => name.startsWith(`${bed.netns("hub")}.`));

/** The walk: what is killed, and the daemon that is there at the moment. */
class Walk {
  readonly bed: DaemonBed;
  readonly diary: string[] = [];
  readonly #next: () => number;
  #daemon: JsonProcess | undefined;

  constructor(bed: DaemonBed, next: () => number) {
    this.bed = bed;
    this.#next = next;
  }

  async startDaemon(): Promise<void> {
    this.#daemon = this.bed.spawnDaemon();
    await this.#daemon.line("ready", (line) => line.msg === "ready");
  }

  async killDaemon(): Promise<void> {
    await this.#daemon?.stop("SIGKILL");
  }

  async stopDaemon(): Promise<void> {
    await this.#daemon?.stop("SIGTERM");
  }

  /** Kills something at random; false where it was not there to be killed. */
  async kill(): Promise<boolean> {
    const chance = this.#next();
    if (chance < 0.12) return this.#killController();
    if (chance < 0.47) return this.#deleteName();
    return this.#strikeAgent(chance < 0.9 ? "SIGKILL" : "SIGSTOP");
  }

  /** While there is none, an agent may die and a name may go as well. */
  async #killController(): Promise<boolean> {
    this.#note("the daemon is killed");
    const agents = this.#next() < 0.3 ? await this.#agents() : [];
    await this.killDaemon();
    for (const { pid, name } of agents.slice(0, 1)) {
      this.#note(`the agent of ${name} is killed beside it`);
      if (pid !== null) process.kill(pid, "SIGKILL");
    }
    await pause(this.#next() * 200);
    await this.startDaemon();
    return true;
  }

  #deleteName(): boolean {
    const all = domainNamespaces(this.bed);
    if (all.length === 0) return false;
    const name = oneOf(this.#next, all);
    this.#note(`the name ${name} is deleted`);
    deleteNamespace(name);
    return true;
  }

  async #strikeAgent(signal: "SIGKILL" | "SIGSTOP"): Promise<boolean> {
    const agents = await this.#agents();
    if (agents.length === 0) return false;
    const { name, pid } = oneOf(this.#next, agents);
    this.#note(`${signal} to the agent of ${name}`);
    try {
      process.kill(Number(pid), signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
      throw error;
    }
    return true;
  }

  async #agents(): Promise<readonly DomainView[]> {
    return (await this.bed.client.domains()).filter(({ pid, isolation }) => isolation === "netns" && pid !== null);
  }

  /** A spec is applied while things are killed; one that the kill cut short is no failure. */
  apply(text: string): Promise<string> {
    this.#note("a spec is applied");
    return this.bed.client.apply({ text }).then(
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
    const untilMs = Date.now() + CONVERGE_MS;
    let applied = false;
    let states = "";
    let last = "";
    while (Date.now() < untilMs) {
      try {
        for (const nic of NICS) this.#plugIfGone(nic);
        const domains = await this.bed.client.domains();
        states = domains.map(({ name, state, cause }) => `${name} ${state} ${cause}`).join(", ");
        for (const { name, state } of domains) if (state === "failed") await this.bed.client.domainRestart(name);
        if (!applied) {
          await this.bed.client.apply({ text });
          applied = true;
        }
        const { converged, pending, lastError } = await this.bed.client.status();
        const up = domains.every(({ state }) => state === "up");
        const { steps } = await this.bed.client.plan({ text });
        if (converged && up && pending.length === 0 && steps.length === 0) return;
        last = JSON.stringify({ converged, pending, lastError, domains, steps });
      } catch (error) {
        last = `${states}; ${String(error)}`;
      }
      await pause(100);
    }
    throw new Error(`not converged; seed ${SEED}; ${last}\n${this.diary.slice(-40).join("\n")}`);
  }

  /** A veth goes with its other end: a NIC whose port is gone was in a namespace that is. */
  #plugIfGone(nic: string): void {
    const [hub, wire] = [this.bed.netns("hub"), this.bed.netns("switch")];
    if (linksIn(wire).includes(`to-${nic}`)) return;
    this.#note(`${nic} is plugged in again`);
    run("ip", "-n", hub, "link", "add", nic, "type", "veth", "peer", "name", `to-${nic}`, "netns", wire);
    run("ip", "-n", wire, "link", "set", `to-${nic}`, "master", "br0", "up");
    run("ip", "-n", hub, "link", "set", nic, "up");
  }

  #note(what: string): void {
    this.diary.push(`${new Date().toISOString().slice(14, 23)} ${what}`);
  }
}

test(`${KILLS} kills of agents, daemons and namespaces' names under traffic and applies leave nothing behind, seed ${SEED}`, {
  timeout: 900_000,
}, async () => {
  const next = random(SEED);
  await using bed = new DaemonBed("gona-dk", OTHERS);
  const walk = new Walk(bed, next);
  const known = specText(bed, DOMAINS, "");
  await walk.startDaemon();
  await walk.settle(known);
  bed.dressSteadyGuest();
  const before = leftOvers(bed);
  expect(before.namespaces).toHaveLength(DOMAINS.length);
  const streams = await bed.startTraffic(500);

  for (let killed = 0; killed < KILLS; ) {
    const text = randomSpec(bed, next);
    const applied = walk.apply(text);
    for (const until = Math.min(KILLS, killed + EVERY); killed < until; ) {
      if (await walk.kill()) killed++;
      await pause(next() * 250);
    }
    await applied;
    await walk.settle(text);
  }

  await walk.settle(known);
  expect({ seed: SEED, ...leftOvers(bed) }).toEqual({ seed: SEED, ...before });
  // Traffic still flows, both ways, and nobody reconnected it.
  for (const { name, receiver } of streams) {
    const seen = receiver.lines.findLast((line) => line.kind === "sequence");
    const more = (line: { readonly [name: string]: unknown }) => Number(line.received) > Number(seen?.received);
    await receiver.line(`more of ${name}`, more);
  }
  for (const stream of streams) await endStream(stream);

  const empty = specText(bed, [HUB, HUB], "");
  await walk.settle(empty);
  await walk.stopDaemon();
  const after = leftOvers(bed);
  expect(after).toMatchObject({ namespaces: [], processes: [], controlGroups: [] });
  expect(after.links.filter((line) => / g[td]-/.test(line))).toEqual([]);
});
