import { milliseconds, nicId } from "@gona/model";
import { describe, expect, it } from "vitest";
import {
  gatesOf,
  holdMs,
  initialNicState,
  type NicEvent,
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
      "lost probes behind a living carrier: suspect, dead, and only an answer brings it back",
      [
        [10, "probeLost", "suspect"],
        [20, "probeLost", "suspect"],
        [30, "probeLost", "down"],
        [40, "alive", "down"],
        [50, "probeAnswered", "returning"],
        [1050, "tick", "up"],
      ],
    ],
    [
      "a probe lost and the next answered",
      [
        [10, "probeLost", "suspect"],
        [20, "probeAnswered", "up"],
        [30, "probeLost", "suspect"],
        [40, "probeLost", "suspect"],
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
    const up = initialNicState(true, 0);
    for (const kind of ["alive", "tick", "probeAnswered", "undrain"] as const) {
      expect(nicTransition(up, { kind }, 5, timing)).toBe(up);
    }
  });
});

it("opens the gate of all but the dead, and holds those that return or drain", () => {
  const phases: readonly NicPhase[] = ["up", "suspect", "down", "returning", "draining"];
  const states = new Map(phases.map((phase) => [nicId(phase), { ...initialNicState(true, 0), phase }]));
  const { nicsUp, nicsHeld } = gatesOf(states);
  expect([...nicsUp]).toEqual(["up", "suspect", "returning", "draining"]);
  expect([...(nicsHeld ?? [])]).toEqual(["returning", "draining"]);
});
