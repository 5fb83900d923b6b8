import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type DomainEvent,
  type DomainPhase,
  type DomainState,
  domainTransition,
  initialDomainState,
  STORM_RESTARTS,
  STORM_WINDOW_MS,
  stormWords,
} from "./domain-state.ts";

type Word = DomainEvent["kind"];
type Row = readonly [atMs: number, word: Word, phase: DomainPhase, startAtMs?: number];

const eventOf = (word: Word): DomainEvent =>
  word === "lost"
    ? { kind: word, cause: "killed" }
    : word === "restart"
      ? { kind: word, cause: "asked" }
      : { kind: word };

function run(rows: readonly Row[], start: DomainState = initialDomainState(0)): DomainState {
  let state = start;
  for (const [atMs, word, phase, startAtMs] of rows) {
    state = domainTransition(state, eventOf(word), atMs);
    const where = `after ${word} at ${atMs} ms`;
    expect(state.phase, where).toBe(phase);
    expect(state.startAtMs, where).toBe(startAtMs);
  }
  return state;
}

const UP: readonly Row[] = [
  [0, "want", "starting", 0],
  [0, "begin", "starting"],
  [10, "up", "up"],
];

const STORM: readonly Row[] = [
  [100, "lost", "restarting", 100],
  [100, "begin", "restarting"],
  [110, "up", "up"],
  [120, "lost", "restarting", 370],
  [370, "begin", "restarting"],
  [380, "lost", "restarting", 880],
  [880, "begin", "restarting"],
  [890, "up", "up"],
  [900, "lost", "restarting", 1900],
  [1900, "begin", "restarting"],
  [1910, "up", "up"],
  [1920, "lost", "restarting", 3920],
  [3920, "begin", "restarting"],
  [3930, "up", "up"],
  [3940, "lost", "failed"],
];

describe("domainTransition", () => {
  const stories: readonly (readonly [string, readonly Row[]])[] = [
    ["a domain comes and goes", [...UP, [20, "unwant", "stopping"], [30, "stopped", "absent"]]],
    [
      "a lost one is started again at once",
      [...UP, [5000, "lost", "restarting", 5000], [5000, "begin", "restarting"], [5200, "up", "up"]],
    ],
    ["one that is lost again and again waits longer each time, and is given up", [...UP, ...STORM]],
    [
      "a failed one stays failed, whatever comes late",
      [
        ...UP,
        ...STORM,
        [4000, "lost", "failed"],
        [4001, "up", "failed"],
        [4002, "begin", "failed"],
        [4003, "want", "failed"],
      ],
    ],
    [
      "the operator clears a failure, and the storm is forgotten",
      [
        ...UP,
        ...STORM,
        [9000, "restart", "restarting", 9000],
        [9000, "begin", "restarting"],
        [9010, "up", "up"],
        [9020, "lost", "restarting", 9020],
      ],
    ],
    [
      "a failed one that nobody wants goes",
      [...UP, ...STORM, [9000, "unwant", "stopping"], [9010, "stopped", "absent"]],
    ],
    [
      "a first start that comes to nothing is tried again as a start",
      [
        [0, "want", "starting", 0],
        [0, "begin", "starting"],
        [50, "lost", "starting", 50],
        [50, "begin", "starting"],
        [90, "lost", "starting", 340],
      ],
    ],
    [
      "losses far apart never add up",
      [
        ...UP,
        ...[1, 2, 3, 4, 5, 6, 7].flatMap((n): Row[] => [
          [n * 20_000, "lost", "restarting", n * 20_000 + ([0, 250, 500][Math.min(n - 1, 2)] ?? 0)],
          [n * 20_000 + 900, "begin", "restarting"],
          [n * 20_000 + 999, "up", "up"],
        ]),
      ],
    ],
    [
      "one that is asked for while it stops starts anew",
      [...UP, [20, "unwant", "stopping"], [25, "want", "stopping"], [30, "stopped", "starting", 30]],
    ],
    [
      "what dies while it is stopped is no loss",
      [...UP, [20, "unwant", "stopping"], [25, "lost", "stopping"], [30, "stopped", "absent"]],
    ],
    [
      "one that an earlier daemon left is taken over",
      [
        [5, "up", "up"],
        [6, "want", "up"],
        [7, "lost", "restarting", 7],
      ],
    ],
    [
      "a planned restart is no loss",
      [
        ...UP,
        [20, "restart", "restarting", 20],
        [20, "begin", "restarting"],
        [30, "up", "up"],
        [40, "lost", "restarting", 40],
      ],
    ],
    [
      "the operator ends a pause",
      [
        ...UP,
        [20, "lost", "restarting", 20],
        [20, "begin", "restarting"],
        [30, "lost", "restarting", 280],
        [40, "restart", "restarting", 40],
      ],
    ],
    [
      "a start that is under way is not begun twice",
      [...UP, [20, "lost", "restarting", 20], [20, "begin", "restarting"], [25, "restart", "restarting"]],
    ],
    [
      "an absent one has nothing to restart or lose",
      [
        [1, "restart", "absent"],
        [2, "lost", "absent"],
        [3, "unwant", "absent"],
        [4, "stopped", "absent"],
      ],
    ],
  ];
  it.each(stories)("%s", (_, rows) => void run(rows));

  it("counts restarts and tells the last cause", () => {
    const state = run([...UP, ...STORM]);
    expect(state).toMatchObject({ restarts: 5, cause: "killed" });
    expect(run([[9000, "restart", "restarting", 9000]], state)).toMatchObject({ restarts: 6, cause: "asked" });
    expect(stormWords("dd")).toBe("5 restarts in 60 s; cleared by `gona domain restart dd`");
  });

  const steps = fc.array(
    fc.record({
      afterMs: fc.nat(20_000),
      word: fc.constantFrom<Word>("want", "unwant", "begin", "up", "lost", "stopped", "restart"),
    }),
    { maxLength: 200 },
  );

  it("never starts more often than the limit says, has a start due only where one is to come, and gets out of everything", () => {
    fc.assert(
      fc.property(steps, (story) => {
        let nowMs = 0;
        let state = initialDomainState(0);
        let starts: number[] = [];
        for (const { afterMs, word } of story) {
          nowMs += afterMs;
          const before = state;
          state = domainTransition(state, eventOf(word), nowMs);
          if (word === "restart" || state.phase === "stopping" || state.phase === "absent") starts = [];
          const isLoss = word === "lost" && state.losses.length > 0 && state !== before;
          if (isLoss && state.phase !== "failed") starts.push(nowMs);
          starts = starts.filter((atMs) => nowMs - atMs < STORM_WINDOW_MS);
          expect(starts.length).toBeLessThanOrEqual(STORM_RESTARTS);
          if (state.startAtMs !== undefined) expect(["starting", "restarting"]).toContain(state.phase);
          if (state.phase !== "absent" && state.phase !== "stopping" && before.wanted && word !== "unwant")
            expect(state.wanted).toBe(true);
        }
        state = domainTransition(state, { kind: "unwant" }, nowMs);
        state = domainTransition(state, { kind: "stopped" }, nowMs);
        expect(state.phase).toBe("absent");
      }),
    );
  });
});
