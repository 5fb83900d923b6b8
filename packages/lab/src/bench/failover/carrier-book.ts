import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { type BpfMap, type BpfObject, loadBpfObject, openPinned } from "@gona/kernel";
import type { LabBed } from "../../bed/lab-bed.ts";
import { REPOSITORY } from "../../bed/lab-paths.ts";
import { runCommand } from "../../bed/run-command.ts";
import { pinnedLayout } from "../pinned-layout.ts";

const SOURCE = join(REPOSITORY, "bpf/bench_carrier.bpf.c");
const OBJECT = join(REPOSITORY, "build/bpf/bench_carrier.bpf.o");
/** BENCH_MEMORY, enum bench_handed and struct bench_fate of bpf/bench_carrier.bpf.c. */
const MEMORY = 65_536;
const TO_CARRIER = 1;
const FATE = { sequence: 0, handed: 4, arrived: 5 } as const;
/** What is younger may still be on its way: 50 ms at 20,000/s. */
const UNDER_WAY = 1000;
/** After every classifier of GONA's own; nothing of GONA's is at egress. */
const PREFERENCE = 50_000;

/** What became of the datagrams that did not get through. */
export interface Losses {
  /** Handed to a NIC that had its carrier: lost behind it, by a far end that was deaf already. */
  readonly behindCarrier: number;
  /** Handed to a NIC whose carrier was gone, or to no NIC: whoever chose the NIC lost them. */
  readonly ours: number;
}

/**
 * Books by BPF what became of each datagram of one probe stream: at the egress of every NIC of the
 * hub, whether that NIC had its carrier at that moment; at the receiver's link, that it arrived.
 */
export class CarrierBook implements Disposable {
  readonly #object: BpfObject;
  readonly #fates: BpfMap;

  private constructor(object: BpfObject) {
    this.#object = object;
    this.#fates = object.map("bench_fates");
  }

  /**
   * Attaches once the daemon has converged. `stream`: the probe's UDP port. `receiver`: namespace and
   * link where it arrives. Throws GonaError.
   */
  static async attach(bed: LabBed, stream: number, receiver: { netns: string; link: string }): Promise<CarrierBook> {
    if (existsSync(SOURCE)) {
      const { buildBpf } = await import("../../../../../scripts/build-bpf.mjs");
      buildBpf({ source: SOURCE, output: OBJECT });
    }
    using maps = openPinned(pinnedLayout(bed.paths));
    const object = loadBpfObject(OBJECT, { reuse: maps, rodata: { bench_stream: stream } });
    const pins = join(bed.paths.bpf, "carrier");
    mkdirSync(pins, { recursive: true });
    for (const program of object.programs.values()) program.pin(join(pins, program.name));
    const attach = (netns: string, link: string, hook: string, program: string): Promise<string> =>
      runCommand(
        "tc",
        ["-n", netns, "-batch", "-"],
        `filter add dev ${link} ${hook} protocol all pref ${PREFERENCE} handle 1 bpf direct-action object-pinned ${join(pins, program)}\n`,
      );
    for (const { nic } of bed.plan.nics) await attach(bed.plan.hub, nic, "egress", "bench_nic_out");
    await runCommand("tc", ["-n", receiver.netns, "qdisc", "replace", "dev", receiver.link, "clsact"]);
    await attach(receiver.netns, receiver.link, "ingress", "bench_arrival");
    return new CarrierBook(object);
  }

  /** The newest datagram whose fate is settled; -1 before the first. */
  settled(): number {
    let newest = -1;
    for (const [, value] of this.#fates.entries()) {
      const { handed, sequence } = decode(value);
      if (handed !== 0) newest = Math.max(newest, sequence);
    }
    return Math.max(-1, newest - UNDER_WAY);
  }

  /** Of the datagrams after `from` up to `to`, at most 3.2 s ago. Throws RangeError for what is forgotten. */
  losses(from: number, to: number): Losses {
    if (to + UNDER_WAY - from > MEMORY) throw new RangeError(`${to - from} datagrams are more than are remembered`);
    const fates = new Map(Array.from(this.#fates.entries(), ([, value]) => [decode(value).sequence, decode(value)]));
    let [behindCarrier, ours] = [0, 0];
    for (let sequence = from + 1; sequence <= to; sequence++) {
      const fate = fates.get(sequence);
      // A cable that is cut cleanly may still carry such a frame; a real one does not.
      if (fate?.handed !== TO_CARRIER) ours += 1;
      else if (!fate.arrived) behindCarrier += 1;
    }
    return { behindCarrier, ours };
  }

  /**
   * From now on GONA's programs go by the controller's gate alone, until the daemon next resolves its
   * NICs: what acting on link events costs, and the proof that `ours` counts what it says.
   */
  blind(): void {
    this.#object.program("bench_blind").testRun({ packet: new Uint8Array(64) });
  }

  [Symbol.dispose](): void {
    this.#object[Symbol.dispose]();
  }
}

function decode(value: Uint8Array): { sequence: number; handed: number; arrived: boolean } {
  return {
    sequence: new DataView(value.buffer, value.byteOffset).getUint32(FATE.sequence, true),
    handed: value[FATE.handed] ?? 0,
    arrived: value[FATE.arrived] === 1,
  };
}
