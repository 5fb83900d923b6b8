import { COMMAND_SCHEMAS } from "@gona/api";
import { describe, expect, it } from "vitest";
import { GOOD } from "./canned.ts";
import { gona } from "./fake-context.ts";

const files = {
  "host.yaml": GOOD,
  "bad.yaml": GOOD.replace("300Mbit", "300").replace("nic: eth2", "nic: eth9"),
  "greedy.yaml": GOOD.replace("300Mbit", "1Gbit"),
  "early.yaml": GOOD.replace("nics:", "domains: [{ name: apart, isolation: xen }]\nnics:"),
};

describe("check", () => {
  it("needs no daemon", async () => {
    expect(await gona(["check", "host.yaml"], { files })).toEqual({
      code: 0,
      out: "host.yaml: good: 2 NICs, 2 guests, 3 slices\n",
      err: "no daemon at /run/gona: whether its links exist was not looked up\n",
    });
  });

  it("says everything that is wrong, on standard error, one line each", async () => {
    const { code, out, err } = await gona(["check", "bad.yaml"], { files });
    expect([code, out]).toEqual([2, ""]);
    expect(err.trimEnd().split("\n")).toEqual([
      expect.stringMatching(/^error: bad.yaml:8:\d+: .*\.reserve: found "300", .*\(did you mean "300Mbit"\?\)$/),
      expect.stringMatching(/^error: bad.yaml:8:\d+: .*\.nic: no such NIC: found "eth9"/),
    ]);
  });

  it("says the same as JSON", async () => {
    const { code, out, err } = await gona(["check", "bad.yaml", "--json"], { files });
    expect([code, out]).toEqual([2, ""]);
    expect(COMMAND_SCHEMAS.error.parse(JSON.parse(err)).error.all).toHaveLength(2);
  });

  it("refuses what does not fit and what is not executed yet", async () => {
    expect(await gona(["check", "greedy.yaml"], { files })).toMatchObject({
      code: 2,
      err: expect.stringContaining("reservations on eth1 add up to"),
    });
    expect(await gona(["check", "early.yaml"], { files })).toMatchObject({
      code: 2,
      err: expect.stringContaining("a driver domain in a Xen guest: not supported yet"),
    });
  });

  it("asks a daemon about links where there is one", async () => {
    const unknownLinks = [{ kind: "vif" as const, name: "web1", reason: "there is no link vnet0 yet" }];
    const daemon = { check: () => Promise.resolve({ nics: 2, guests: 2, slices: 3, unknownLinks }) };
    const { out, err } = await gona(["check", "host.yaml"], { files, daemon });
    expect([out.split("\n")[1], err]).toEqual(["pending: vif web1: there is no link vnet0 yet", ""]);
  });

  it("says where there is no such file", async () => {
    expect(await gona(["check", "none.yaml"])).toMatchObject({ code: 2, err: "error: no such file: none.yaml\n" });
  });
});

describe("plan", () => {
  it("is that for an empty host where there is no daemon, and says so", async () => {
    const { code, out, err } = await gona(["plan", "host.yaml"], { files });
    expect(code).toBe(0);
    expect(err).toBe("no daemon at /run/gona: this is the plan for an empty host\n");
    expect(out).toMatch(/^fits unless eth1 is lost; \d+ steps from revision 0:\n {2}\+ /);
    expect(out).toContain(
      "without eth1: web1 goes on with fewer slices; cut off: db1; broken: web1 keeps 0bit of 300Mbit\n",
    );
    expect(out).toContain("without eth2: web1 goes on with fewer slices\n");
  });

  it("has the shape of its schema as JSON, byte strings and all", async () => {
    const { out } = await gona(["plan", "host.yaml", "--json"], { files });
    const plan = COMMAND_SCHEMAS.plan.parse(JSON.parse(out));
    expect(plan.verdict).toBe("fits-unless-lost");
    expect(plan.withoutNic[0]).toEqual({
      nic: "eth1",
      degraded: ["web1"],
      cutOff: ["db1"],
      broken: [{ vif: "web1", direction: "egress", promisedBitsPerSecond: 3e8, keptBitsPerSecond: 0 }],
    });
    const vif = plan.steps.find(({ facet, key }) => facet === "vifs" && key === "web1");
    const { buckets } = (vif?.value ?? { buckets: "" }) as { buckets: string };
    expect(Buffer.from(buckets, "base64")).toHaveLength(1024);
  });

  it("of what does not fit is bad input", async () => {
    expect(await gona(["plan", "greedy.yaml"], { files })).toMatchObject({
      code: 2,
      out: expect.stringMatching(
        /^does not fit: guests\[0\]\.aggregate\.slices\[0\]\.egress\.reserve: .*\nthe nearest spec that would fit:\n {2}guests\[0\]\.aggregate\.slices\[0\]\.egress\.reserve: \S+bit -> \S+bit\n/,
      ),
    });
  });

  it("of very much that does not fit shows the first lines, and counts the others", async () => {
    const guest = (index: number) => `  - name: g${index}
    vif: { device: d${index}, mac: "52:54:00:aa:01:${index}" }
    aggregate: { slices: [{ nic: eth1, egress: { reserve: 500Mbit } }] }
`;
    const many = GOOD + Array.from({ length: 60 }, (_, index) => guest(index + 10)).join("");
    const { out } = await gona(["plan", "-"], { files: { "-": many } });
    const lines = out.trimEnd().split("\n");
    expect(lines).toHaveLength(1 + 1 + 50 + 1);
    expect(lines.at(-1)).toBe("  and 11 more (all of them with --json)");
  });

  it("places what a guest wants, and says what it could have where that is not there", async () => {
    const wants = (reserve: string) => GOOD.replace(/slices: .*eth2 }]/, `want: { reserve: ${reserve}, survive: 1 }`);
    const good = await gona(["plan", "-"], { files: { "-": wants("900Mbit") } });
    expect(good.out).toMatch(/^fits; /);
    const bad = await gona(["plan", "-", "--json"], { files: { "-": wants("1.5Gbit") } });
    const plan = COMMAND_SCHEMAS.plan.parse(JSON.parse(bad.out));
    expect([bad.code, plan.fits]).toEqual([2, false]);
    expect(plan.nearest).toMatchObject([{ path: "guests[0].aggregate.want.reserve", fromBitsPerSecond: 1.5e9 }]);
    // Each NIC has 990 Mbit/s to reserve, less the floor of db1's slice.
    expect(plan.nearest[0]?.toBitsPerSecond).toBeCloseTo(989.98e6, -5);
  });
});
