import { type LacpRate, type NicId, nicId } from "@gona/model";
import { type LacpBundle, type Lacpdu, type LacpEvent, lacpStep, nextLacpDeadlineMs } from "../src/index.ts";

export type Side = "a" | "b";
export const SIDES: readonly Side[] = ["a", "b"];
export const portName = (number: number): NicId => nicId(`eth${number}`);
export const otherSide = (side: Side): Side => (side === "a" ? "b" : "a");

/** How long a PDU is under way. */
const DELAY_MS = 5;

interface UnderWay {
  readonly atMs: number;
  readonly to: Side;
  readonly nic: NicId;
  readonly pdu: Lacpdu;
}

/** Two actors whose ports are wired one to one, on a line that may lose PDUs or let no one through. */
export class LacpLine {
  nowMs = 0;
  readonly bundles: Record<Side, LacpBundle>;
  readonly sent: { readonly side: Side; readonly nic: NicId; readonly atMs: number }[] = [];
  /** Receivers that hear nothing: `a eth1`. */
  readonly deaf = new Set<string>();
  readonly #loses: () => boolean;
  readonly #check: (line: LacpLine) => void;
  #underWay: UnderWay[] = [];

  /** `loses` is asked for each PDU; `check` looks after each step. */
  constructor(
    rates: Record<Side, LacpRate>,
    loses: () => boolean = () => false,
    check: (line: LacpLine) => void = () => {},
  ) {
    this.#loses = loses;
    this.#check = check;
    const bundle = (side: Side): LacpBundle => ({
      system: `02:00:00:00:00:0${side}`,
      systemPriority: 32768,
      key: 1,
      rate: rates[side],
      ports: new Map(),
    });
    this.bundles = { a: bundle("a"), b: bundle("b") };
  }

  feed(side: Side, event: LacpEvent): void {
    const { bundle, pdus } = lacpStep(this.bundles[side], event, this.nowMs);
    this.bundles[side] = bundle;
    for (const { nic, pdu } of pdus) {
      this.sent.push({ side, nic, atMs: this.nowMs });
      const to = otherSide(side);
      if (this.deaf.has(`${to} ${nic}`) || this.#loses()) continue;
      this.#underWay.push({ atMs: this.nowMs + DELAY_MS, to, nic, pdu });
    }
    this.#check(this);
  }

  plugIn(number: number, sides: readonly Side[] = SIDES): void {
    for (const side of sides) this.feed(side, { kind: "added", nic: portName(number), number });
    this.carrier(number, true, sides);
  }

  carrier(number: number, up: boolean, sides: readonly Side[] = SIDES): void {
    for (const side of sides) this.feed(side, { kind: "carrier", nic: portName(number), up });
  }

  run(forMs: number): void {
    const endMs = this.nowMs + forMs;
    for (;;) {
      const deadlines = SIDES.map((side) => nextLacpDeadlineMs(this.bundles[side]) ?? Number.POSITIVE_INFINITY);
      const next = Math.min(...deadlines, ...this.#underWay.map(({ atMs }) => atMs));
      if (next > endMs) break;
      this.nowMs = Math.max(next, this.nowMs);
      const arrived = this.#underWay.filter(({ atMs }) => atMs <= this.nowMs);
      this.#underWay = this.#underWay.filter((pdu) => !arrived.includes(pdu));
      for (const { to, nic, pdu } of arrived) this.feed(to, { kind: "pdu", nic, pdu });
      for (const side of SIDES) this.feed(side, { kind: "tick" });
    }
    this.nowMs = endMs;
  }

  mux(side: Side): readonly string[] {
    return [...this.bundles[side].ports.values()].map(({ mux }) => mux);
  }
}
