import { COMMAND_SCHEMAS, type DeliveryRow } from "@gona/api";
import { describe, expect, it } from "vitest";
import { delivery, slice, status } from "./canned.ts";
import { gona } from "./fake-context.ts";

describe("promise against delivery", () => {
  it("status has a line for each promise that is not kept", async () => {
    const of = (short: DeliveryRow[]) => ({ daemon: { status: () => Promise.resolve(status({ short })) } });
    const { out } = await gona(["status"], of([delivery()]));
    expect(out).toContain("short: web1 on eth1, egress: 400 Mbit of 800 Mbit promised (-50.0%): NIC eth1 saturated\n");
    expect((await gona(["status"], of([]))).out).not.toContain("short");
  });

  it("slices show what was offered, delivered and promised, and why", async () => {
    const { guest: _guest, vif: _vif, nic: _nic, direction: _direction, ...view } = delivery();
    const slices = () => Promise.resolve([slice("web1", "eth1", { delivery: view }), slice("idle1", "eth1")]);
    const { out } = await gona(["get", "slices"], { daemon: { slices } });
    expect(out).toMatch(/OFFERED +DELIVERED +PROMISED +ERROR +WHY/);
    expect(out).toMatch(/web1 .*900 Mbit +400 Mbit +800 Mbit +-50.0% +NIC eth1 saturated/);
    expect(out).toMatch(/idle1 .* - +- +- +- +- /);
  });

  it("deliveries of the past are asked for by guest, NIC, time and step", async () => {
    const asked: object[] = [];
    const daemon = { delivery: (query: object = {}) => Promise.resolve(asked.push(query) > 0 ? [delivery()] : []) };
    const words = ["get", "delivery", "web1", "--nic", "eth1", "--since", "1969-12-31T22:00:00Z", "--step", "10min"];
    const { code, out } = await gona(words, { daemon });
    expect(code).toBe(0);
    expect(out).toMatch(/2026-11-22 20:11:15 +web1 +eth1 +egress +1 s +900 Mbit +400 Mbit +800 Mbit +-50.0% +1 s +NIC/);
    await gona(["get", "delivery"], { daemon });
    await gona(["get", "delivery", "--since", "2h"], { daemon });
    expect(asked).toEqual([
      { guest: "web1", nic: "eth1", since: "1969-12-31T22:00:00.000Z", step: 600 },
      { since: "1969-12-31T23:58:00.000Z" },
      { since: "1969-12-31T22:00:00.000Z" },
    ]);
  });

  it("deliveries are watched a second at a time", async () => {
    const followDelivery = async function* () {
      yield await Promise.resolve([delivery()]);
      yield await Promise.resolve([]);
      yield await Promise.resolve([delivery({ nic: "eth2" })]);
    };
    const table = await gona(["get", "delivery", "--watch"], { daemon: { followDelivery } });
    expect(table.out.match(/eth[12] +egress/g)).toHaveLength(2);
    const json = await gona(["get", "delivery", "--watch", "--json"], { daemon: { followDelivery } });
    const lines = json.out.trimEnd().split("\n");
    expect(lines.map((line) => COMMAND_SCHEMAS["get delivery"].parse(JSON.parse(line)).length)).toEqual([1, 0, 1]);
  });

  it.each([
    [["get", "nics", "web1"], "are for get delivery alone"],
    [["get", "slices", "--since", "2h"], "are for get delivery alone"],
    [["get", "delivery", "--since", "yesterday"], "--since is no time"],
    [["get", "delivery", "--step", "90s"], "--step is no step"],
    [["get", "delivery", "--watch", "--step", "5s"], "leave --since and --step out"],
  ])("%j: exit code 2", async (words, said) => {
    const { code, out, err } = await gona(words);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain(said);
  });
});
