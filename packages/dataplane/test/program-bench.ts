import { fileURLToPath } from "node:url";
import { type BpfObject, loadBpfObject, type ProgramInput } from "@gona/kernel";
import type { NicBundling } from "@gona/planner";
import {
  Direction,
  type GonaAggregate,
  type GonaFlow,
  type GonaSliceClock,
  type GonaSliceCounters,
  type GonaTrafficRule,
  gonaAddressKey,
  gonaAggregate,
  gonaFlowSet,
  gonaNic,
  gonaSegment,
  gonaSegmentKey,
  gonaSliceClock,
  gonaSliceCounters,
  gonaSpineEnd,
  gonaStation,
  gonaStationKey,
  gonaTrafficRules,
  gonaVerdictCounters,
  gonaVif,
  Limit,
  NicFlag,
  Spine,
  Verdict,
  VifFlag,
} from "../src/abi.ts";
import { address16, mac } from "./packets.ts";

const OBJECT = fileURLToPath(new URL("../../../build/bpf/gona.bpf.o", import.meta.url));

export type VerdictName = keyof typeof Verdict;

/** No link has it: a copy sent there is refused by the kernel, and hurts nobody. */
export const NOWHERE = 0x7ffffff0;

export interface BenchNic {
  readonly slot: number;
  readonly fabric?: number;
  readonly up?: boolean;
  readonly lag?: boolean;
  readonly bundle?: NicBundling;
  readonly peer?: boolean;
  readonly timed?: boolean;
  readonly netdev?: bigint;
  /** Address of the net_device of outIfindex. */
  readonly trunk?: bigint;
  readonly ifindex?: number;
  readonly outIfindex?: number;
  /** Of its ingress spine, 0: not there yet; absent: what comes in is not shaped. */
  readonly inIfindex?: number;
}

export interface BenchSlice {
  readonly nic: number;
  readonly mac: string;
  readonly classid: number;
  /** Limits, at which the virtual queues drain. */
  readonly txBytesPerS?: number;
  readonly rxBytesPerS?: number;
}

export interface BenchVif {
  readonly slot: number;
  readonly mac: string;
  readonly fabric?: number;
  readonly vlan?: number;
  readonly ifindex?: number;
  /** Besides IN_USE. */
  readonly flags?: readonly (keyof typeof VifFlag)[];
  readonly slices?: readonly (BenchSlice | null)[];
  /** Bucket -> slice number; 0 to slices - 1 in turn where absent. */
  readonly bucket?: (index: number) => number;
  readonly addresses?: readonly string[];
  /** VLANs of a trunk. */
  readonly trunk?: readonly number[];
  readonly goalUs?: number;
}

/** As GonaTrafficRule; a member that is absent asks for nothing. */
export interface BenchRule {
  readonly part: number;
  readonly dscp?: readonly number[];
  readonly pcp?: readonly number[];
  readonly protocol?: number;
  readonly ports?: readonly [from: number, to: number];
}

export interface BenchPart {
  readonly part: number;
  readonly goalUs?: number;
  readonly dscp?: number;
  readonly pcp?: number;
}

export interface BenchResult {
  /** The one reason that was counted. */
  readonly verdict: VerdictName;
  /** TC_ACT_*. */
  readonly returned: number;
  readonly packet: Uint8Array;
  readonly priority: number;
  readonly mark: number;
  /** It went on without a spine that is not there. */
  readonly pastSpine: boolean;
}

const FLOW_SETS = 16_384;

const key32 = (index: number): Uint8Array => new Uint8Array(Uint32Array.of(index).buffer);

/** The programs with maps that a test fills, and one packet at a time through them. */
export class ProgramBench implements Disposable {
  readonly object: BpfObject;

  /** Slots come with each test run, or, for real packets, from the filters. */
  constructor(slots: "in test runs" | "from filters" = "in test runs") {
    const gona_test_slot = slots === "from filters" ? 0 : Limit.TEST_SLOT_IN_MARK;
    this.object = loadBpfObject(OBJECT, { rodata: { gona_test_slot } });
  }

  nic(nic: BenchNic): void {
    const flags =
      NicFlag.IN_USE |
      (nic.up === false ? 0 : NicFlag.UP) |
      (nic.lag === true ? NicFlag.LAG : 0) |
      (nic.bundle === "apart" ? NicFlag.APART : 0) |
      (nic.bundle === undefined ? 0 : NicFlag.BARRED) |
      (nic.peer === true ? NicFlag.PEER : 0) |
      (nic.timed === true ? NicFlag.TIMED : 0) |
      (nic.inIfindex === undefined ? 0 : NicFlag.SHAPE_IN);
    const value = gonaNic.encode({
      netdev: nic.netdev ?? 0n,
      ifindex: nic.ifindex ?? 1000 + nic.slot,
      outIfindex: nic.outIfindex ?? NOWHERE,
      fabric: nic.fabric ?? 1,
      flags,
      inIfindex: nic.inIfindex ?? 0,
      trunk: nic.trunk ?? 0n,
    });
    this.object.map("gona_nics").put(key32(nic.slot), value);
  }

  /** The maps' entries of a vif: itself, its aggregate, its stations and addresses. */
  vif(vif: BenchVif): void {
    const fabric = vif.fabric ?? 1;
    const vlan = vif.vlan ?? 0;
    const slices = vif.slices ?? [];
    const flags = (vif.flags ?? ["CHECK_MAC"]).reduce((sum, flag) => sum | VifFlag[flag], VifFlag.IN_USE as number);
    this.object.map("gona_vifs").put(
      key32(vif.slot),
      gonaVif.encode({
        ifindex: vif.ifindex ?? NOWHERE,
        aggregate: 2 * vif.slot,
        fabric,
        flags: flags | (vif.trunk === undefined ? 0 : VifFlag.TRUNK),
        vlan,
        mac: mac(vif.mac),
        goalUs: vif.goalUs ?? 0,
      }),
    );
    this.object.map("gona_aggregates").put(key32(2 * vif.slot), gonaAggregate.encode(aggregateOf(vif)));
    for (const each of [vlan, ...(vif.trunk ?? [])]) {
      this.station(fabric, each, vif.mac, vif.slot, Limit.OWN_MAC);
      for (const [number, slice] of slices.entries()) {
        if (slice !== null && slice.mac !== vif.mac) this.station(fabric, each, slice.mac, vif.slot, number);
      }
    }
    for (const address of vif.addresses ?? []) {
      this.object
        .map("gona_addresses")
        .put(gonaAddressKey.encode({ fabric, vlan, address: address16(address) }), key32(vif.slot));
    }
  }

  station(fabric: number, vlan: number, text: string, vif: number, slice: number): void {
    const key = gonaStationKey.encode({ fabric, vlan, mac: mac(text) });
    this.object.map("gona_stations").put(key, gonaStation.encode({ vif, slice }));
  }

  segment(fabric: number, vlan: number, vifs: readonly number[]): void {
    const key = gonaSegmentKey.encode({ fabric, vlan });
    this.object.map("gona_segments").put(key, gonaSegment.encode({ count: vifs.length, vifs }));
  }

  rules(slot: number, rules: readonly BenchRule[], parts: readonly BenchPart[]): void {
    const none = { goalUs: 0, remarkDscp: Limit.KEEP_MARKING, remarkPcp: Limit.KEEP_MARKING, inUse: 0 };
    const value = gonaTrafficRules.encode({
      rules: Array.from({ length: Limit.MAX_RULES }, (_, index) => ruleOf(rules[index])),
      parts: Array.from({ length: Limit.MAX_PARTS }, (_, index) => {
        const found = parts.find(({ part }) => part === index);
        if (found === undefined) return none;
        const { goalUs = 0, dscp = Limit.KEEP_MARKING, pcp = Limit.KEEP_MARKING } = found;
        return { goalUs, remarkDscp: dscp, remarkPcp: pcp, inUse: 1 };
      }),
      count: rules.length,
    });
    this.object.map("gona_traffic_rules").put(key32(slot), value);
  }

  spine(spine: keyof typeof Spine, ifindex: number): void {
    this.object.map("gona_spines").put(key32(Spine[spine]), gonaSpineEnd.encode({ ifindex }));
  }

  fromGuest(slot: number, packet: Uint8Array, context?: ProgramInput["context"]): BenchResult {
    return this.#run("gona_from_guest", packet, { ...context, mark: slot + 1 });
  }

  fromWire(slot: number, packet: Uint8Array, context?: ProgramInput["context"]): BenchResult {
    return this.#run("gona_from_wire", packet, { ...context, mark: slot + 1 });
  }

  /** What comes by a trunk to a NIC in a domain; `priority`: as the hub set it. */
  toNic(slot: number, packet: Uint8Array, context?: ProgramInput["context"]): BenchResult {
    return this.#run("gona_to_nic", packet, { ...context, mark: slot + 1 });
  }

  fromNic(slot: number, packet: Uint8Array, context?: ProgramInput["context"]): BenchResult {
    return this.#run("gona_from_nic", packet, { ...context, mark: slot + 1 });
  }

  /** What a guest sends by its macvtap; `priority`: as somebody set it before. */
  fromMacvtap(slot: number, packet: Uint8Array, context?: ProgramInput["context"]): BenchResult {
    return this.#run("gona_from_macvtap", packet, { ...context, mark: slot + 1 });
  }

  /** What comes out of a spine, with the mark that it went in with. */
  fromSpine(mark: number, packet: Uint8Array, context?: ProgramInput["context"]): BenchResult {
    return this.#run("gona_from_spine", packet, { ...context, mark });
  }

  /** Mean ns of one run; the slot is that of a vif or NIC. */
  time(program: "gona_from_guest" | "gona_from_wire", slot: number, packet: Uint8Array, repeat: number): number {
    const input = { packet, context: { mark: slot + 1 }, repeat };
    return this.object.program(program).testRun(input).nanoseconds;
  }

  /** Returns TC_ACT_*; the NIC's namespace is the caller's. */
  resolve(slot: number, ifindex: number): number {
    const input = { packet: new Uint8Array(14), context: { mark: slot, ifindex } };
    return this.object.program("gona_resolve_nic").testRun(input).returned;
  }

  netdevOf(slot: number): bigint {
    const value = this.object.map("gona_nics").get(key32(slot));
    return value === undefined ? 0n : gonaNic.decode(value).netdev;
  }

  clock(slot: number, slice: number, direction: keyof typeof Direction): GonaSliceClock {
    const value = this.object.map("gona_slice_clocks").get(clockKey(slot, slice, direction));
    return gonaSliceClock.decode(value ?? new Uint8Array(gonaSliceClock.size));
  }

  setClock(slot: number, slice: number, direction: keyof typeof Direction, clock: Partial<GonaSliceClock>): void {
    const value = { ...this.clock(slot, slice, direction), ...clock };
    this.object.map("gona_slice_clocks").put(clockKey(slot, slice, direction), gonaSliceClock.encode(value));
  }

  /** Changes what is known of every flow, or of those in some sets. */
  setFlows(change: (flow: GonaFlow) => GonaFlow, sets = this.flowSets()): void {
    for (const index of sets) {
      const changed = this.#flowSet(index).map((flow) => (flow.check === 0 ? flow : change(flow)));
      this.object.map("gona_flows").put(key32(index), gonaFlowSet.encode({ ways: changed }));
    }
  }

  /** Those that hold a flow. Looks at all of them: not for each packet. */
  flowSets(): readonly number[] {
    const all = Array.from({ length: FLOW_SETS }, (_, index) => index);
    return all.filter((index) => this.#flowSet(index).some((flow) => flow.check !== 0));
  }

  /** Fills every place with a flow of nobody's. */
  fillFlows(bulkUntilNs: bigint): void {
    const stranger = { bulkUntilNs, check: 1, bytes: 0, toldMs: 0, interval: 0, strikes: 0, lane: 0 };
    const value = gonaFlowSet.encode({ ways: Array.from({ length: 4 }, () => stranger) });
    for (let index = 0; index < FLOW_SETS; index++) this.object.map("gona_flows").put(key32(index), value);
  }

  #flowSet(index: number): readonly GonaFlow[] {
    const value = this.object.map("gona_flows").get(key32(index));
    return gonaFlowSet.decode(value ?? new Uint8Array(gonaFlowSet.size)).ways;
  }

  /** Summed over CPUs. */
  counters(slot: number, slice: number): GonaSliceCounters {
    const values = this.#perCpu("gona_slice_stats", slot * Limit.MAX_SLICES + slice, gonaSliceCounters.size);
    const each = values.map((value) => gonaSliceCounters.decode(value));
    const sum = (field: keyof GonaSliceCounters) => each.reduce((total, value) => total + value[field], 0n);
    return {
      txBytes: sum("txBytes"),
      txPackets: sum("txPackets"),
      rxBytes: sum("rxBytes"),
      rxPackets: sum("rxPackets"),
      txDrops: sum("txDrops"),
      failovers: sum("failovers"),
      txCeMarks: sum("txCeMarks"),
      rxCeMarks: sum("rxCeMarks"),
      txAqmDrops: sum("txAqmDrops"),
      rxAqmDrops: sum("rxAqmDrops"),
    };
  }

  verdict(name: VerdictName): bigint {
    const values = this.#perCpu("gona_verdicts", Verdict[name], gonaVerdictCounters.size);
    return values.reduce((sum, value) => sum + gonaVerdictCounters.decode(value).packets, 0n);
  }

  #perCpu(map: string, index: number, size: number): Uint8Array[] {
    const bytes = this.object.map(map).get(key32(index)) ?? new Uint8Array(0);
    const stride = (size + 7) & ~7;
    return Array.from({ length: bytes.length / stride }, (_, cpu) => bytes.subarray(cpu * stride));
  }

  #run(name: string, packet: Uint8Array, context: ProgramInput["context"]): BenchResult {
    const names = Object.keys(Verdict) as VerdictName[];
    const reasons = names.filter((each) => each !== "MAX" && each !== "PAST_SPINE");
    const before = reasons.map((each) => this.verdict(each));
    const past = this.verdict("PAST_SPINE");
    const output = this.object.program(name).testRun({ packet, ...(context === undefined ? {} : { context }) });
    const counted = reasons.filter((each, index) => this.verdict(each) !== before[index]);
    if (counted.length !== 1) throw new Error(`counted as ${counted.join(" and ") || "nothing"}`);
    return {
      verdict: counted[0] as VerdictName,
      returned: output.returned,
      packet: output.packet,
      priority: output.context.priority,
      mark: output.context.mark,
      pastSpine: this.verdict("PAST_SPINE") !== past,
    };
  }

  [Symbol.dispose](): void {
    this.object[Symbol.dispose]();
  }
}

const clockKey = (slot: number, slice: number, direction: keyof typeof Direction): Uint8Array =>
  key32((slot * Limit.MAX_SLICES + slice) * Direction.DIRECTIONS + Direction[direction]);

function ruleOf(rule: BenchRule | undefined): GonaTrafficRule {
  const bits = (values: readonly number[] = []) => values.reduce((sum, value) => sum | (1n << BigInt(value)), 0n);
  return {
    dscps: bits(rule?.dscp),
    portFrom: rule?.ports?.[0] ?? 0,
    portTo: rule?.ports?.[1] ?? 0,
    protocol: rule?.protocol === undefined ? 0 : rule.protocol + 1,
    pcps: Number(bits(rule?.pcp)),
    part: rule?.part ?? 0,
  };
}

function aggregateOf(vif: BenchVif): GonaAggregate {
  const slices = vif.slices ?? [];
  const used = slices.flatMap((slice, number) => (slice === null ? [] : [number]));
  const bucket = vif.bucket ?? ((index: number) => used[index % used.length] ?? 0);
  return {
    slices: Array.from({ length: Limit.MAX_SLICES }, (_, number) => {
      const slice = slices[number];
      if (slice === undefined || slice === null)
        return { txBytesPerS: 0n, rxBytesPerS: 0n, nic: 0, classid: 0, mac: new Uint8Array(6), inUse: 0 };
      const { nic, classid, txBytesPerS = 0, rxBytesPerS = 0 } = slice;
      return {
        txBytesPerS: BigInt(txBytesPerS),
        rxBytesPerS: BigInt(rxBytesPerS),
        nic,
        classid,
        mac: mac(slice.mac),
        inUse: 1,
      };
    }),
    buckets: Uint8Array.from({ length: Limit.BUCKETS }, (_, index) => bucket(index)),
  };
}
