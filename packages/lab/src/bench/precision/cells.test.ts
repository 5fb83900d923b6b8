import { expect, it } from "vitest";
import { batches, RATES } from "./cells.ts";

const cellsOf = (quick: boolean) =>
  batches(quick).flatMap(({ rates, traffic, direction }) =>
    rates.map((rate) => `${RATES[rate]} ${traffic.words} ${direction}`),
  );

it("covers every rate in both directions with TCP, and UDP as far as one core sends it", () => {
  const cells = cellsOf(false);
  expect(new Set(cells).size).toBe(cells.length);
  for (const direction of ["egress", "ingress"]) {
    for (const words of ["cubic x 1", "cubic x 8", "bbr x 1", "bbr x 8"])
      for (const rate of RATES) expect(cells).toContain(`${rate} ${words} ${direction}`);
    expect(cells).toContain(`2000 UDP 1400 ${direction}`);
    expect(cells).not.toContain(`5000 UDP 1400 ${direction}`);
    expect(cells).toContain(`333 UDP 200 ${direction}`);
    expect(cells).not.toContain(`1000 UDP 200 ${direction}`);
  }
});

it("ends windows before BBR stops to look at its round trip, 10 s after its start", () => {
  for (const { settleMs, windowMs } of batches(false)) expect(settleMs + windowMs).toBeLessThan(9000);
});

it("takes 12 minutes at most, and a minute when quick: time for starts and queues that run dry included", () => {
  const seconds = (quick: boolean, others: number): number =>
    batches(quick).reduce(
      (sum, { settleMs, windowMs, compared }) =>
        sum + ((settleMs + windowMs) / 1000 + 1.2) * (compared ? 1 + others : 1),
      0,
    );
  expect(seconds(false, 2)).toBeLessThan(700);
  expect(seconds(true, 1)).toBeLessThan(55);
});
