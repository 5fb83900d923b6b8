import { milliseconds, nicId } from "@gona/model";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  gatesOf,
  holdMs,
  initialNicState,
  type NicEvent,
  type NicFault,
  type NicPhase,
  type NicState,
  nextDeadlineMs,
  nicTransition,
} from "./nic-state.ts";

const timing = { failback: milliseconds(1000) };
type Row = readonly [atMs: number, event: NicEvent["kind"], phase: NicPhase];

function run(rows: readonly Row[], start: NicState = initialNicState(true, 0)): NicState {
  let state = start;
  for (const [atMs, kind, phase] of rows) {
    state = nicTransition(state, { kind }, atMs, timing);
    expect(state.phase, `after ${kind} at ${atMs} ms`).toBe(phase);
  }
  return state;
}

describe("nicTransition", () => {
  const stories: readonly (readonly [string, readonly Row[]])[] = [
    [
      "a cable cut and healed: held for the failback time, then up",
      [
        [100, "dead", "down"],
        [200, "alive", "returning"],
        [1199, "tick", "returning"],
        [1200, "tick", "up"],
      ],
    ],
    [
      "a cut within the hold",
      [
        [100, "dead", "down"],
        [200, "alive", "returning"],
        [300, "dead", "down"],
        [400, "tick", "down"],
      ],
    ],
    [
      "a path that dies behind a living carrier: only an answer brings it back",
      [
        [10, "probeDoubted", "suspect"],
        [30, "probeLost", "down"],
        [40, "alive", "down"],
        [50, "probeAnswered", "returning"],
        [1050, "tick", "up"],
      ],
    ],
    [
      "a doubt that goes away",
      [
        [10, "probeDoubted", "suspect"],
        [20, "probeAnswered", "up"],
      ],
    ],
    [
      "a doubt that came while it returned",
      [
        [10, "dead", "down"],
        [20, "alive", "returning"],
        [30, "probeDoubted", "returning"],
        [1020, "tick", "suspect"],
        [1030, "probeAnswered", "up"],
      ],
    ],
    [
      "the first bundle, which needs no hold, and the second, which does",
      [
        [10, "bundleLost", "down"],
        [20, "bundled", "up"],
        [30, "bundleLost", "down"],
        [40, "bundled", "returning"],
        [1040, "tick", "up"],
      ],
    ],
    [
      "a carrier that comes back before its bundle",
      [
        [5, "bundled", "up"],
        [10, "dead", "down"],
        [11, "bundleLost", "down"],
        [20, "alive", "down"],
        [30, "bundled", "returning"],
      ],
    ],
    [
      "a stall",
      [
        [10, "stalled", "down"],
        [15, "probeLost", "down"],
        [20, "flowing", "down"],
        [30, "probeAnswered", "returning"],
      ],
    ],
    [
      "a drain that outlives a cut",
      [
        [10, "drain", "draining"],
        [20, "dead", "down"],
        [30, "alive", "draining"],
        [5000, "tick", "draining"],
        [6000, "undrain", "up"],
      ],
    ],
    [
      "a drain of a dead NIC",
      [
        [10, "dead", "down"],
        [20, "drain", "down"],
        [30, "alive", "draining"],
      ],
    ],
    [
      "an undrain while dead",
      [
        [10, "drain", "draining"],
        [20, "dead", "down"],
        [30, "undrain", "down"],
        [40, "alive", "returning"],
      ],
    ],
    ["a carrier event that brings no news", [[10, "alive", "up"]]],
    [
      "a late link event instead of a tick",
      [
        [100, "dead", "down"],
        [200, "alive", "returning"],
        [1500, "alive", "up"],
      ],
    ],
  ];
  it.each(stories)("tells %s", (_, rows) => {
    run(rows);
  });

  it("doubles the hold with each flap, up to 32 times", () => {
    let state = initialNicState(true, 0);
    const holds: number[] = [];
    for (let flap = 0; flap < 8; flap++) {
      state = nicTransition(state, { kind: "dead" }, flap * 10, timing);
      state = nicTransition(state, { kind: "alive" }, flap * 10 + 5, timing);
      holds.push((nextDeadlineMs(state, timing) ?? 0) - state.sinceMs);
    }
    expect(holds).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 32_000, 32_000]);
  });

  it("forgets flaps after ten quiet holds", () => {
    const flapping = run([
      [0, "dead", "down"],
      [10, "alive", "returning"],
      [20, "dead", "down"],
      [30, "alive", "returning"],
      [2030, "tick", "up"],
    ]);
    expect(holdMs(flapping, timing)).toBe(2000);
    expect(run([[2030 + 19_999, "dead", "down"]], flapping).flaps).toBe(3);
    expect(run([[2030 + 20_000, "dead", "down"]], flapping).flaps).toBe(1);
  });

  it("returns the same reference where nothing changes", () => {
    const up: NicState = { ...initialNicState(true, 0), wasBundled: true };
    for (const kind of ["alive", "tick", "probeAnswered", "bundled", "flowing", "undrain"] as const) {
      expect(nicTransition(up, { kind }, 5, timing)).toBe(up);
    }
  });
});

describe("any history", () => {
  const KINDS = [
    ...["alive", "dead", "bundled", "bundleLost", "probeDoubted", "probeLost", "probeAnswered"],
    ...["stalled", "flowing", "drain", "undrain", "tick"],
  ] as NicEvent["kind"][];
  const OPPOSITE: Partial<Record<NicEvent["kind"], readonly [NicFault, boolean]>> = {
    dead: ["carrier", true],
    alive: ["carrier", false],
    bundleLost: ["bundle", true],
    bundled: ["bundle", false],
    probeLost: ["probe", true],
    probeAnswered: ["probe", false],
    probeDoubted: ["probe", false],
    stalled: ["stall", true],
    flowing: ["stall", false],
  };
  const history = fc.array(fc.tuple(fc.constantFrom(...KINDS), fc.integer({ min: 0, max: 3000 })), { maxLength: 40 });

  it("is down exactly while something holds it down, each fault told by its last event", () => {
    fc.assert(
      fc.property(fc.boolean(), fc.boolean(), history, (alive, fresh, events) => {
        let state = initialNicState(alive, 0, fresh);
        let nowMs = 0;
        const faults = new Set<NicFault>(alive ? [] : ["carrier"]);
        let drained = false;
        for (const [kind, afterMs] of events) {
          nowMs += afterMs;
          const before = state;
          state = nicTransition(state, { kind }, nowMs, timing);
          const [fault, holds] = OPPOSITE[kind] ?? [];
          if (fault)
            (holds ? (set: Set<NicFault>) => set.add(fault) : (set: Set<NicFault>) => set.delete(fault))(faults);
          if (kind === "drain" || kind === "undrain") drained = kind === "drain";
          expect(new Set(state.faults)).toEqual(faults);
          expect(state.phase === "down").toBe(faults.size > 0);
          expect(state.drained).toBe(drained);
          if (faults.size === 0) expect(state.phase === "draining").toBe(drained);
          if (state.phase !== before.phase) expect(state.sinceMs).toBe(nowMs);
          // Nothing that was in use comes back without its hold, unless by its first bundle.
          const back = before.phase === "down" && (state.phase === "up" || state.phase === "suspect");
          if (back) expect(before.fresh).toBe(true);
          expect(nicTransition(state, { kind }, nowMs, timing)).toBe(state);
        }
      }),
    );
  });
});

it("opens the gate of all but the dead, and holds those that return or drain", () => {
  const phases: readonly NicPhase[] = ["up", "suspect", "down", "returning", "draining"];
  const states = new Map(phases.map((phase) => [nicId(phase), { ...initialNicState(true, 0), phase }]));
  const { nicsUp, nicsHeld } = gatesOf(states);
  expect([...nicsUp]).toEqual(["up", "suspect", "returning", "draining"]);
  expect([...(nicsHeld ?? [])]).toEqual(["returning", "draining"]);
});
