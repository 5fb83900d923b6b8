import { join } from "node:path";
import { type BpfObject, type BpfProgram, loadBpfObject, openPinned, type ProgramInput } from "@gona/kernel";
import { REPOSITORY } from "../../bed/lab-paths.ts";
import { type BenchRow, summarize } from "../bench-row.ts";
import { pinnedLayout } from "../pinned-layout.ts";
import { buildBigBed } from "../scale/big-bed.ts";
import { bigSpec, type HostSize, macOf } from "../scale/big-spec.ts";
import type { SuiteOptions } from "../suite.ts";
import { PEER } from "./topology.ts";
import { udpFrame } from "./udp-frame.ts";

const PROGRAMS = join(REPOSITORY, "build/bpf/gona.bpf.o");
const EMPTY = join(REPOSITORY, "build/bpf/bench_sink.bpf.o");
/** GONA_TEST_SLOT_IN_MARK of bpf/gona_maps.h: a test run gives slot + 1 in the mark. */
const SLOT_IN_MARK = 0x10000;
const TC_ACT_REDIRECT = 7;
const ROUNDS = { full: 15, quick: 3 };
const REPEAT = { full: 400_000, quick: 50_000 };
/** Guests whose packets are timed in turn. */
const SAMPLED = 40;

interface Cost {
  readonly name: string;
  readonly program: "gona_from_guest" | "gona_from_wire";
  /** NICs a guest has a slice on; more than one: the source MAC is rewritten. */
  readonly nics: number;
}

const COSTS: readonly Cost[] = [
  { name: "from_guest", program: "gona_from_guest", nics: 1 },
  { name: "from_guest with a MAC per NIC", program: "gona_from_guest", nics: 2 },
  { name: "from_wire", program: "gona_from_wire", nics: 1 },
];

/**
 * What the programs alone cost a 64-byte UDP packet: over the maps that a daemon filled, an empty
 * program's cost taken off, with 1 guest and with 1,000 in turns. Test runs: caches are hot, and
 * nothing is really sent.
 */
export async function programCosts(options: SuiteOptions): Promise<readonly BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const nics of [1, 2]) {
    options.progress(`programs alone: 1 and 1,000 guests on ${nics === 1 ? "one NIC" : `${nics} NICs`}`);
    await using one = await ProgramBed.build({ guests: 1, nics, checkMac: false }, "bench-one");
    await using many = await ProgramBed.build({ guests: 1000, nics, checkMac: false }, "bench-many");
    for (const cost of COSTS.filter((each) => each.nics === nics))
      rows.push(...compare(cost, one, many, options.quick));
  }
  return rows;
}

function compare(cost: Cost, one: ProgramBed, many: ProgramBed, quick: boolean): readonly BenchRow[] {
  const repeat = quick ? REPEAT.quick : REPEAT.full;
  const rounds = Array.from({ length: quick ? ROUNDS.quick : ROUNDS.full }, () => ({
    one: one.nanoseconds(cost, repeat),
    many: many.nanoseconds(cost, repeat),
  }));
  const alone = rowOf(
    `${cost.name}, 1 guest`,
    rounds.map((round) => round.one),
  );
  const thousand = rowOf(
    `${cost.name}, 1,000 guests`,
    rounds.map((round) => round.many),
  );
  const ratio = thousand.value / alone.value;
  return [
    { ...alone, target: "<= 60", holds: alone.value <= 60 },
    {
      ...thousand,
      versus: { name: "1 guest", value: alone.value, ratio },
      target: "<= 60, and 1.05 x 1 guest",
      holds: thousand.value <= 60 && ratio <= 1.05,
    },
  ];
}

const rowOf = (name: string, values: readonly number[]): BenchRow => ({
  suite: "path",
  case: name,
  figure: "BPF program alone",
  unit: "ns a packet",
  ...summarize(values),
});

/** A daemon's maps, and the programs over them with slots that a test run can give. */
class ProgramBed implements AsyncDisposable {
  readonly #size: HostSize;
  readonly #object: BpfObject;
  readonly #empty: BpfProgram;
  readonly #owned: AsyncDisposableStack;

  private constructor(size: HostSize, object: BpfObject, empty: BpfProgram, owned: AsyncDisposableStack) {
    this.#size = size;
    this.#object = object;
    this.#empty = empty;
    this.#owned = owned;
  }

  static async build(size: HostSize, name: string): Promise<ProgramBed> {
    await using owned = new AsyncDisposableStack();
    const host = owned.use(await buildBigBed(size, name));
    await host.startDaemon(bigSpec(size));
    const maps = owned.use(openPinned(pinnedLayout(host.paths)));
    const object = owned.use(loadBpfObject(PROGRAMS, { reuse: maps, rodata: { gona_test_slot: SLOT_IN_MARK } }));
    const nothing = owned.use(loadBpfObject(EMPTY)).programs.values().next().value;
    if (nothing === undefined) throw new RangeError(`${EMPTY} has no program`);
    return new ProgramBed(size, object, nothing, owned.move());
  }

  /** Mean over some guests, `repeat` packets in all. */
  nanoseconds(cost: Cost, repeat: number): number {
    const each = Math.ceil(repeat / Math.min(this.#size.guests, SAMPLED));
    return meanOver(this.#size, (guest) => {
      const input = inputOf(cost, guest, each);
      return lowest(() => timed(this.#object, cost, input)) - lowest(() => this.#empty.testRun(input).nanoseconds);
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#owned.disposeAsync();
  }
}

/** Of three: whatever came in between made a run longer, never shorter. */
const lowest = (run: () => number): number => Math.min(run(), run(), run());

function meanOver({ guests }: HostSize, of: (guest: number) => number): number {
  const sampled = Math.min(guests, SAMPLED);
  let sum = 0;
  for (let i = 0; i < sampled; i++) sum += of(Math.floor((i * guests) / sampled));
  return sum / sampled;
}

function timed(object: BpfObject, { program }: Cost, input: ProgramInput): number {
  const found: BpfProgram = object.program(program);
  const { returned, nanoseconds } = found.testRun(input);
  if (returned !== TC_ACT_REDIRECT) throw new RangeError(`${program} returned ${returned}: it did not forward`);
  return nanoseconds;
}

/** Guests' slots are their numbers: the daemon gave them out in the order of the spec. */
function inputOf({ program }: Cost, guest: number, repeat: number): ProgramInput {
  const [mine, theirs] = [macOf(guest), PEER.mac];
  const out = program === "gona_from_guest";
  const packet = udpFrame({
    sourceMac: out ? mine : theirs,
    destinationMac: out ? theirs : mine,
    source: out ? "10.16.0.1" : "10.16.9.9",
    destination: out ? "10.16.9.9" : "10.16.0.1",
    sourcePort: 7000,
    destinationPort: 7001,
  });
  return { packet, context: { mark: out ? guest + 1 : 1 }, repeat };
}
