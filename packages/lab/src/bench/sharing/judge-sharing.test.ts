import { expect, it } from "vitest";
import { SHARING_CASES, type SharingCase } from "./cases.ts";
import { judgeSharing, sharingRows } from "./judge-sharing.ts";

const traffic = { kind: "tcp", congestion: "cubic", flows: 1 } as const;
const guests = (...shares: readonly SharingCase["guests"][number]["share"][]): SharingCase["guests"] =>
  shares.map((share) => ({ share, sends: traffic }));
const figures = (sharing: Omit<SharingCase, "name">, megabits: readonly number[]) =>
  judgeSharing(
    { name: "a case", ...sharing },
    megabits.map((rate) => rate * 1e6),
  ).map(({ figure, value, holds }) => [figure, Number(value.toFixed(3)), holds]);

it("calls equal guests fair, and unequal ones not", () => {
  const sharing = { guests: guests({}, {}), judged: { kind: "equal" } } as const;
  expect(figures(sharing, [500, 500])).toEqual([
    ["Jain's index", 1, true],
    ["utilisation", 100, true],
  ]);
  expect(figures(sharing, [600, 300])).toEqual([
    ["Jain's index", 0.9, false],
    ["utilisation", 90, false],
  ]);
});

it("measures weights against what all got together", () => {
  const sharing = { guests: guests({ shares: 100 }, { shares: 300 }), judged: { kind: "weights" } } as const;
  expect(figures(sharing, [200, 600])).toEqual([
    ["worst error of a share", 0, true],
    ["utilisation", 80, false],
  ]);
  expect(figures(sharing, [260, 740])[0]).toEqual(["worst error of a share", 4, false]);
});

it("takes the worst kept reservation, and leaves out who has none", () => {
  const sharing = {
    guests: guests({ reserve: "400Mbit" }, { reserve: "100Mbit" }, {}),
    judged: { kind: "reservations" },
  } as const;
  expect(figures(sharing, [420, 99, 481])[0]).toEqual(["least reservation kept", 99, false]);
  expect(figures(sharing, [420, 100, 480])[0]).toEqual(["least reservation kept", 100, true]);
});

it("does not expect anything of a guest that does not send", () => {
  const sharing: SharingCase = { name: "a", guests: [...guests({}), { share: {} }], judged: { kind: "utilisation" } };
  expect(judgeSharing(sharing, [995e6, 0])).toMatchObject([{ figure: "utilisation", value: 99.5, holds: true }]);
});

it("gives the median of the rounds, beside the other's, and holds when most rounds do", () => {
  const sharing = { name: "a case", guests: guests({}, {}), judged: { kind: "equal" } } as const;
  const rounds = [
    [500e6, 500e6],
    [400e6, 600e6],
    [500e6, 499e6],
  ].map((rates) => judgeSharing(sharing, rates));
  const [fair] = sharingRows(sharing, rounds, { name: "HTB", rounds: [judgeSharing(sharing, [900e6, 100e6])] });
  expect(fair).toMatchObject({ figure: "Jain's index", holds: true, target: ">= 0.999", versus: { name: "HTB" } });
  expect(fair?.value).toBeCloseTo(1, 5);
  expect(fair?.low).toBeCloseTo(0.9615, 3);
});

it("knows no case that reserves more than the NIC has, and none that nobody sends in", () => {
  for (const { guests: of } of SHARING_CASES) {
    expect(of.reduce((sum, { share }) => sum + Number.parseFloat(share.reserve ?? "0"), 0)).toBeLessThan(900);
    expect(of.some(({ sends }) => sends !== undefined)).toBe(true);
  }
});
