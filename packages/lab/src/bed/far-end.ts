import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { type BpfMap, type BpfMaps, type BpfObject, check, libc, loadBpfObject, openPinned } from "@gona/kernel";
import { GonaError } from "@gona/model";
import type { BedPlan, Station, SwitchPort } from "./bed-plan.ts";
import { decodeFlow, decodeMac, type FlowCount, type MacSighting } from "./far-end-records.ts";
import { decodeWindows, encodeWindows, type FlowName, type Windows } from "./far-end-windows.ts";
import { type LabPaths, REPOSITORY } from "./lab-paths.ts";
import { runCommand } from "./run-command.ts";

const OBJECT = join(REPOSITORY, "build/bpf/lab_counter.bpf.o");
const SOURCE = join(REPOSITORY, "bpf/lab_counter.bpf.c");

/**
 * Counters on the switches' ports: L2 bytes as they are on the cable, by port, direction and IP
 * address. They are the lab's judge, so they share nothing with GONA's own books.
 */
export class FarEnd implements Disposable {
  readonly #flows: BpfMap;
  readonly #macs: BpfMap;
  readonly #windows: BpfMap;
  readonly #owned: Disposable;
  readonly #programs: string;

  private constructor(find: (name: string) => BpfMap, owned: Disposable, programs: string) {
    this.#flows = find("lab_flows");
    this.#macs = find("lab_macs");
    this.#windows = find("lab_windows");
    this.#owned = owned;
    this.#programs = programs;
  }

  /** Loads the programs and attaches them to both directions of every port. Throws GonaError. */
  static async attach(plan: BedPlan, paths: LabPaths): Promise<FarEnd> {
    await buildObject();
    mountBpffs(paths.bpf);
    const { programs, maps } = pinDirs(paths);
    mkdirSync(programs, { recursive: true });
    const object: BpfObject = loadBpfObject(OBJECT, { pinDir: maps });
    for (const program of object.programs.values()) program.pin(join(programs, program.name));
    const farEnd = new FarEnd((name) => object.map(name), object, programs);
    for (const { ports } of plan.switches) for (const port of ports) await farEnd.attachPort(port);
    return farEnd;
  }

  /** Those of a lab that is up. Throws NOT_FOUND. */
  static find(paths: LabPaths): FarEnd {
    const { programs, maps } = pinDirs(paths);
    const pinned: BpfMaps = openPinned(maps);
    const find = (name: string): BpfMap => {
      const map = pinned.find(name);
      if (map === undefined) throw new GonaError("NOT_FOUND", `no map ${name} is pinned at ${maps}`);
      return map;
    };
    return new FarEnd(find, pinned, programs);
  }

  async attachPort({ netns, link, vlan }: SwitchPort): Promise<void> {
    const classid = `0:${vlan.toString(16)}`;
    const filter = (hook: string, program: string): string =>
      `filter replace dev ${link} ${hook} protocol all prio 1 handle 1 bpf direct-action classid ${classid} object-pinned ${join(this.#programs, program)}`;
    const lines = [
      `qdisc replace dev ${link} clsact`,
      filter("ingress", "lab_port_in"),
      filter("egress", "lab_port_out"),
    ];
    await runCommand("tc", ["-n", netns, "-batch", "-"], `${lines.join("\n")}\n`);
  }

  /**
   * Counts what arrives at a guest's link too, "in" by its source, under the link's index: what a limit on the
   * way to the guest is judged by, because the switch stands before it. For links that the lab made.
   */
  async attachGuest({ netns, links }: Station): Promise<void> {
    for (const { name, ifindex } of links) {
      if (ifindex === undefined) continue;
      const program = join(this.#programs, "lab_port_in");
      const lines = [
        `qdisc replace dev ${name} clsact`,
        `filter replace dev ${name} ingress protocol all prio 1 handle 1 bpf direct-action object-pinned ${program}`,
      ];
      await runCommand("tc", ["-n", netns, "-batch", "-"], `${lines.join("\n")}\n`);
    }
  }

  /** Every (port, direction, address) that was seen. */
  flows(): FlowCount[] {
    return Array.from(this.#flows.entries(), ([key, value]) => decodeFlow(key, value));
  }

  /**
   * From now on the flow's bytes are also counted by windows of `windowNs`, 4,096 of them; forgets what
   * was counted so before. 32 flows at most at once. Throws GonaError.
   */
  startWindows(flow: FlowName, windowNs: bigint): void {
    const { key, value } = encodeWindows(flow, process.hrtime.bigint(), windowNs);
    this.#windows.put(key, value);
  }

  /** What was counted since startWindows(); undefined without one. */
  windows(flow: FlowName): Windows | undefined {
    const { key } = encodeWindows(flow, 0n, 1n);
    const value = this.#windows.get(key);
    return value === undefined ? undefined : decodeWindows(value, process.hrtime.bigint());
  }

  stopWindows(flow: FlowName): void {
    this.#windows.delete(encodeWindows(flow, 0n, 1n).key);
  }

  /** Source MACs by the port they came in: what a switch learns from. */
  macs(): MacSighting[] {
    return Array.from(this.#macs.entries(), ([key, value]) => decodeMac(key, value));
  }

  [Symbol.dispose](): void {
    this.#owned[Symbol.dispose]();
  }
}

const pinDirs = (paths: LabPaths) => ({ programs: join(paths.bpf, "programs"), maps: join(paths.bpf, "maps") });

/** In a checkout the object is built when its source changed; a package brings it along. */
async function buildObject(): Promise<void> {
  if (!existsSync(SOURCE)) return;
  const { buildBpf } = await import("../../../../scripts/build-bpf.mjs");
  buildBpf({ source: SOURCE, output: OBJECT });
}

function mountBpffs(directory: string): void {
  mkdirSync(directory, { recursive: true });
  check(libc.mount("bpf", directory, "bpf", 0, "mode=0700"), `mount bpffs at ${directory}`);
}
