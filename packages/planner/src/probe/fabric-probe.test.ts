import { type NicId, nicId } from "@gona/model";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FabricProbe, type ProbeFrame, type ProbeOrders, type ProbeTiming } from "./fabric-probe.ts";
import type { PathVerdict } from "./judge-paths.ts";

/** A switch with NICs on it; frames take no time. */
class Wire {
  readonly silent = new Set<NicId>();
  readonly cut = new Set<NicId>();
  /** Driver queues that take nothing. */
  readonly full = new Set<NicId>();
  /** NICs whose segments have no link between them; both reach peers. */
  split = false;
  peers = true;
  /** Others that send to this NIC alone. */
  readonly noisy = new Set<NicId>();
  readonly verdicts = new Map<NicId, PathVerdict>();
  readonly said: { readonly nic: NicId; readonly verdict: PathVerdict; readonly atMs: number }[] = [];
  readonly nics: readonly NicId[];
  readonly #probe: FabricProbe;
  readonly #foreign = new Map<NicId, number>();
  #orders: ProbeOrders = { send: [], ask: [], nextMs: 0, verdicts: new Map() };
  #arrived: ProbeFrame[] = [];
  #refused: ProbeFrame[] = [];
  #asked = new Set<NicId>();
  #answered = new Set<NicId>();
  nowMs = 0;
  frames = 0;

  constructor(count: number, timing: ProbeTiming) {
    this.nics = Array.from({ length: count }, (_, index) => nicId(`eth${index + 1}`));
    this.#probe = new FabricProbe(timing);
  }

  /** One turn, so much later than it is due; `drop` loses single frames. */
  step(lateMs = 0, drop: (frame: ProbeFrame) => boolean = () => false): void {
    this.nowMs = this.#orders.nextMs + lateMs;
    for (const nic of this.noisy) {
      if (this.#works(nic)) this.#foreign.set(nic, (this.#foreign.get(nic) ?? 0) + 1);
    }
    this.#orders = this.#probe.turn({
      nowMs: this.nowMs,
      present: this.nics.filter((nic) => !this.cut.has(nic)),
      heard: this.#arrived,
      refused: this.#refused,
      asked: this.#asked,
      answered: this.#answered,
      foreign: (nic) => this.#foreign.get(nic) ?? 0,
    });
    for (const [nic, { verdict }] of this.#orders.verdicts) {
      this.verdicts.set(nic, verdict);
      this.said.push({ nic, verdict, atMs: this.nowMs });
    }
    const { send, ask } = this.#orders;
    this.frames += send.length;
    this.#refused = send.filter(({ from }) => this.full.has(from));
    const taken = send.filter(({ from }) => !this.full.has(from));
    this.#arrived = taken.filter((frame) => this.#passes(frame) && !drop(frame));
    this.#asked = new Set(this.peers ? ask.filter((nic) => !this.full.has(nic)) : []);
    this.#answered = new Set([...this.#asked].filter((nic) => this.#works(nic)));
  }

  runTo(endMs: number): void {
    while (this.#orders.nextMs <= endMs) this.step();
  }

  dead(): NicId[] {
    return this.nics.filter((nic) => this.verdicts.get(nic) === "dead");
  }

  #works(nic: NicId): boolean {
    return !this.silent.has(nic) && !this.cut.has(nic);
  }

  #passes({ from, to }: ProbeFrame): boolean {
    return this.#works(from) && this.#works(to) && !this.split;
  }
}

const TIMING = { intervalMs: 10, lost: 3 };
const [eth1, eth2] = [nicId("eth1"), nicId("eth2")];
const wireOf = (count = 2, timing: ProbeTiming = TIMING): Wire => {
  const wire = new Wire(count, timing);
  wire.runTo(1000);
  expect([...wire.verdicts.values()]).toEqual(wire.nics.map(() => "alive"));
  wire.said.length = 0;
  return wire;
};

describe("FabricProbe", () => {
  it("finds a silent path within two and a half intervals of the first probe that is lost, whatever it carried", () => {
    for (const lost of [1, 2, 3]) {
      for (const count of [2, 3, 4, 5]) {
        for (const at of [0, 3, 9.9]) {
          const wire = wireOf(count, { intervalMs: 10, lost });
          const dies = wire.nowMs + at;
          wire.runTo(dies);
          wire.silent.add(eth2);
          wire.runTo(dies + 25.1);
          expect(wire.dead(), `${lost} ${count} ${at}`).toEqual([eth2]);
          wire.runTo(dies + 5000);
          expect(wire.said.map(({ nic, verdict }) => `${nic} ${verdict}`)).toEqual(["eth2 dead"]);
        }
      }
    }
  });

  it("finds it by the majority of three without any peer to ask", () => {
    const wire = wireOf(3);
    wire.peers = false;
    wire.silent.add(eth1);
    wire.runTo(wire.nowMs + 30);
    expect(wire.dead()).toEqual([eth1]);
  });

  it("goes by who still hears others where no peer answers, after some patience", () => {
    const wire = wireOf();
    wire.peers = false;
    wire.noisy.add(eth1).add(eth2);
    wire.silent.add(eth1);
    wire.runTo(wire.nowMs + 70);
    expect(wire.dead()).toEqual([eth1]);
  });

  it("keeps both where nothing tells which is dead, and says so once", () => {
    const wire = wireOf();
    wire.peers = false;
    wire.silent.add(eth1);
    wire.runTo(wire.nowMs + 20_000);
    expect(wire.said.map(({ nic, verdict }) => `${nic} ${verdict}`)).toEqual(["eth1 suspect", "eth2 suspect"]);
    wire.silent.clear();
    wire.runTo(wire.nowMs + 100);
    expect([...wire.verdicts.values()]).toEqual(["alive", "alive"]);
  });

  it("keeps one where both go silent, and goes over to the one that mends first", () => {
    const wire = wireOf();
    wire.silent.add(eth1);
    wire.runTo(wire.nowMs + 100);
    wire.silent.add(eth2);
    wire.runTo(wire.nowMs + 30_000);
    expect(wire.said.map(({ nic, verdict }) => `${nic} ${verdict}`)).toEqual(["eth1 dead"]);
    wire.silent.delete(eth1);
    wire.runTo(wire.nowMs + 9000);
    expect(wire.dead()).toEqual([eth2]);
    wire.silent.delete(eth2);
    wire.runTo(wire.nowMs + 100);
    expect(wire.dead()).toEqual([]);
  });

  it("calls a dead path alive as soon as probes pass again", () => {
    const wire = wireOf();
    wire.silent.add(eth2);
    wire.runTo(wire.nowMs + 500);
    wire.silent.clear();
    wire.runTo(wire.nowMs + 30);
    expect(wire.dead()).toEqual([]);
  });

  it("takes the last carrier for alive, whatever was known of it", () => {
    const wire = wireOf();
    wire.silent.add(eth2);
    wire.runTo(wire.nowMs + 500);
    wire.cut.add(eth1);
    wire.runTo(wire.nowMs + 20);
    expect(wire.verdicts.get(eth2)).toBe("alive");
  });

  it("calls a fabric in two parts suspect, and kills none of them", () => {
    const wire = wireOf();
    wire.split = true;
    wire.runTo(wire.nowMs + 20_000);
    expect(wire.said.map(({ nic, verdict }) => `${nic} ${verdict}`)).toEqual(["eth1 suspect", "eth2 suspect"]);
  });

  it("leaves NICs alone whose ports never passed a probe", () => {
    for (const peers of [true, false]) {
      const wire = new Wire(2, TIMING);
      wire.split = true;
      wire.peers = peers;
      wire.runTo(30_000);
      expect([...wire.verdicts.values()], `${peers}`).toEqual(["alive", "alive"]);
    }
  });

  it("finds a path that was dead before it began, by the peers that do not answer there", () => {
    const wire = new Wire(2, TIMING);
    wire.silent.add(eth1);
    wire.runTo(100);
    expect(wire.dead()).toEqual([eth1]);
  });

  it("takes a queue that is full for no dead path", () => {
    const wire = wireOf();
    wire.full.add(eth1);
    wire.runTo(wire.nowMs + 20_000);
    expect(wire.dead()).toEqual([]);
  });

  it("sends two frames per NIC and interval at rest", () => {
    for (const [count, frames] of [
      [2, 2],
      [3, 6],
      [5, 10],
    ] as const) {
      const wire = wireOf(count);
      const before = wire.frames;
      wire.runTo(wire.nowMs + 1000);
      expect(wire.frames - before).toBe(100 * frames);
    }
  });

  it("raises no alarm on a wire that works, whoever sleeps how long and whatever single frame is lost", () => {
    const turns = fc.array(
      fc.record({
        lateMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 300 })),
        lost: fc.integer({ min: 0, max: 9 }),
      }),
      { minLength: 1, maxLength: 200 },
    );
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 5 }), fc.boolean(), turns, (count, peers, list) => {
        const wire = wireOf(count);
        wire.peers = peers;
        let spared = 0;
        for (const { lateMs, lost } of list) {
          // One frame, and then none for as long as an examination takes.
          const drops = spared === 0 && lost === 0;
          spared = drops ? 4 : Math.max(0, spared - 1);
          wire.step(lateMs, (frame) => drops && frame.from === eth1 && frame.to === eth2);
        }
        expect(wire.said).toEqual([]);
      }),
    );
  });

  it("never kills all, whatever dies and mends, and in the end knows the truth where peers answer", () => {
    const events = fc.array(
      fc.record({
        nic: fc.integer({ min: 0, max: 3 }),
        what: fc.constantFrom("silent", "cut", "full"),
        turns: fc.integer({ min: 0, max: 60 }),
      }),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 4 }), fc.boolean(), events, (count, peers, list) => {
        const wire = wireOf(count);
        wire.peers = peers;
        for (const { nic: index, what, turns } of list) {
          const nic = wire.nics[index % count] as NicId;
          const set = { silent: wire.silent, cut: wire.cut, full: wire.full }[what as "silent"];
          if (!set.delete(nic)) set.add(nic);
          for (let turn = 0; turn < turns; turn++) {
            wire.step();
            const present = wire.nics.filter((one) => !wire.cut.has(one));
            if (present.length > 0) expect(present.every((one) => wire.verdicts.get(one) === "dead")).toBe(false);
          }
        }
        wire.full.clear();
        wire.runTo(wire.nowMs + 20_000);
        const present = wire.nics.filter((nic) => !wire.cut.has(nic));
        const works = present.filter((nic) => !wire.silent.has(nic));
        for (const nic of works)
          if (peers || works.length > present.length / 2) expect(wire.verdicts.get(nic)).toBe("alive");
        if (peers && works.length > 0) {
          for (const nic of present) if (wire.silent.has(nic)) expect(wire.verdicts.get(nic)).toBe("dead");
        }
      }),
    );
  });
});
