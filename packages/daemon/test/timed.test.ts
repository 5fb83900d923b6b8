import { expect, test } from "vitest";
import { makeApiBed } from "./api-bed.ts";
import { specText } from "./bed.ts";

const text = specText()
  .replace("failback: 2s }", "failback: 2s, shaper: edt }")
  .replace("eth1, egress: { reserve: 100Mbit,", "eth1, egress: {");

test("a NIC with departure times takes guests' limits, and explain names its queue", async () => {
  await using bed = await makeApiBed();
  expect((await bed.call("apply", { body: { text, file: "host.yaml" } })).statusCode).toBe(200);
  const status = (await bed.call("status")).json();
  expect(status).toMatchObject({ converged: true });
  expect(status.guests[0].slices).toHaveLength(2);
  const ask = async (flow: string) => (await bed.call("explain", { query: { guest: "web1", flow } })).json();
  const seen = new Map<string, { classid: string; why: string }>();
  for (let port = 1; port < 20; port++) {
    const { flow, why } = await ask(`tcp 10.0.0.11:${port} > 10.0.9.9:443`);
    seen.set(flow.nic, { classid: flow.classid, why: why.join() });
  }
  expect(seen.get("eth1")).toEqual({
    classid: "a09b:",
    why: expect.stringContaining("eth1 keeps limits by departure times"),
  });
  expect(seen.get("eth2")).toEqual({ classid: "a09a:8", why: expect.not.stringContaining("departure times") });
});

test("a reservation there is refused with its place, and nothing changes", async () => {
  await using bed = await makeApiBed();
  const reserving = text.replace("eth1, egress: {", "eth1, egress: { reserve: 100Mbit,");
  const answer = await bed.call("apply", { body: { text: reserving, file: "host.yaml" } });
  expect(answer.json().error).toMatchObject({ code: "SPEC_DOES_NOT_FIT" });
  expect(answer.body).toContain("guests[0].aggregate.slices[0].egress.reserve");
});
