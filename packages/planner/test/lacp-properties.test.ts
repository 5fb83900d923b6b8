import fc from "fast-check";
import { expect, test } from "vitest";
import { LacpFlag, type LacpPort } from "../src/index.ts";
import { LONG_TIMEOUT_MS, SHORT_TIMEOUT_MS, timeoutMs } from "../src/lacp/lacp-port.ts";
import { LacpLine, otherSide, portName, SIDES, type Side } from "./lacp-line.ts";

const PORTS = [1, 2, 3];
const rate = fc.constantFrom("fast", "slow");
const side = fc.constantFrom<Side>("a", "b");
const port = fc.constantFrom(...PORTS);
const happening = fc.oneof(
  fc.record({ kind: fc.constant("carrier"), port, up: fc.boolean() }),
  fc.record({ kind: fc.constant("deaf"), port, side, on: fc.boolean() }),
  fc.record({ kind: fc.constant("standby"), port, side, on: fc.boolean() }),
  fc.record({ kind: fc.constant("wait"), ms: fc.integer({ min: 0, max: 20_000 }) }),
);
const history = fc.record({
  rates: fc.record({ a: rate, b: rate }),
  /** A PDU is lost where the list, taken round and round, says so. */
  losses: fc.array(fc.boolean(), { minLength: 1, maxLength: 40 }),
  happenings: fc.array(happening, { maxLength: 25 }),
});
type History = typeof history extends fc.Arbitrary<infer T> ? T : never;

/** Whatever one side distributes, the other collects, but for the time in which it can learn better. */
class Watch {
  readonly #sinceMs = new Map<string, number>();
  readonly #sentAtMs = new Map<string, number[]>();
  #pdusSeen = 0;

  readonly look = (line: LacpLine): void => {
    for (const at of SIDES) {
      const { ports, rate } = line.bundles[at];
      const distributing = [...ports.values()].filter(({ mux }) => mux === "distributing");
      if (distributing.some(({ group }) => group !== distributing[0]?.group)) throw new Error("two bundles at once");
      for (const port of ports.values()) {
        const isOut = port.mux === "distributing";
        if (isOut && !mayDistribute(port, distributing.length)) throw new Error(JSON.stringify(port));
        const far = line.bundles[otherSide(at)].ports.get(port.nic)?.mux;
        const heard = far === "collecting" || far === "distributing";
        const key = `${at} ${port.nic}`;
        if (!isOut || port.partner === undefined || heard) this.#sinceMs.delete(key);
        else if (!this.#sinceMs.has(key)) this.#sinceMs.set(key, line.nowMs);
        const alone = line.nowMs - (this.#sinceMs.get(key) ?? line.nowMs);
        if (alone > timeoutMs(rate)) throw new Error(`${key} goes on without the other for ${alone} ms`);
      }
    }
    this.#countPdus(line);
  };

  #countPdus({ sent }: LacpLine): void {
    for (; this.#pdusSeen < sent.length; this.#pdusSeen++) {
      const { side: at, nic, atMs } = sent[this.#pdusSeen] ?? { side: "a", nic: "", atMs: 0 };
      const last = [...(this.#sentAtMs.get(`${at} ${nic}`) ?? []), atMs].slice(-4);
      this.#sentAtMs.set(`${at} ${nic}`, last);
      if (last.length === 4 && atMs - (last[0] ?? 0) < 1000) throw new Error("more than three PDUs within a second");
    }
  }
}

function mayDistribute({ partner, reception, group }: LacpPort, others: number): boolean {
  if (partner === undefined) return reception === "defaulted" && group === "individual" && others === 1;
  const ready = LacpFlag.SYNC | LacpFlag.COLLECTING;
  return reception === "current" && (partner.state & ready) === ready;
}

function play({ rates, losses, happenings }: History): LacpLine {
  let pdus = 0;
  let lossy = true;
  const line = new LacpLine(rates, () => lossy && losses[pdus++ % losses.length] === true, new Watch().look);
  for (const number of PORTS) line.plugIn(number);
  for (const what of happenings) {
    if ("ms" in what) line.run(what.ms);
    else if ("up" in what) line.carrier(what.port, what.up);
    else if (what.kind === "deaf") line.deaf[what.on ? "add" : "delete"](`${what.side} ${portName(what.port)}`);
    else line.feed(what.side, { kind: "standby", nic: portName(what.port), on: what.on });
  }
  lossy = false;
  return line;
}

test("two actors never send where the other does not receive, and agree once the line is good", () => {
  fc.assert(
    fc.property(history, (given) => {
      const line = play(given);
      line.deaf.clear();
      for (const number of PORTS) {
        line.carrier(number, true);
        for (const at of SIDES) line.feed(at, { kind: "standby", nic: portName(number), on: false });
      }
      line.run(LONG_TIMEOUT_MS + 40_000);
      for (const at of SIDES) expect(line.mux(at)).toEqual(PORTS.map(() => "distributing"));
    }),
    { numRuns: 60 },
  );
});

test("two actors that do not hear each other fall back to one port each", () => {
  fc.assert(
    fc.property(history, (given) => {
      const line = play(given);
      for (const number of PORTS) {
        line.carrier(number, true);
        for (const at of SIDES) {
          line.deaf.add(`${at} ${portName(number)}`);
          line.feed(at, { kind: "standby", nic: portName(number), on: false });
        }
      }
      line.run(LONG_TIMEOUT_MS + SHORT_TIMEOUT_MS + 5000);
      for (const at of SIDES) expect(line.mux(at).filter((mux) => mux === "distributing")).toHaveLength(1);
    }),
    { numRuns: 60 },
  );
});
