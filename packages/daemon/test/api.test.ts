import { errorBodySchema, ROUTES, statusSchema } from "@gona/api";
import { gonaPath } from "@gona/dataplane";
import { flowHash, parseFlow, pathPlace } from "@gona/planner";
import { expect, test } from "vitest";
import { makeApiBed, makeKernel } from "./api-bed.ts";
import { settle, specText } from "./bed.ts";

const body = { text: specText(), file: "host.yaml" };

test("an applied spec shows in status, views, history and events as their schemas say", async () => {
  await using bed = await makeApiBed();
  expect((await bed.call("apply", { body })).json()).toMatchObject({ revision: 1, changed: true, pending: [] });
  const status = statusSchema.parse((await bed.call("status")).json());
  expect(status).toMatchObject({
    converged: true,
    revision: 1,
    lastError: null,
    nics: [
      { name: "eth1", state: "up", capacityBitsPerSecond: 10e9, reservedBitsPerSecond: 100e6 },
      { name: "eth2", state: "up" },
    ],
    guests: [
      {
        name: "web1",
        state: "active",
        slices: [
          { nic: "eth1", direction: "egress", state: "active", limitBitsPerSecond: 1e9, bucketShare: 0.5 },
          { nic: "eth2", reserveBitsPerSecond: 100e6 },
        ],
      },
    ],
    domains: [{ name: "host", isolation: "host", state: "up", restarts: 0, pid: process.pid, cause: null }],
  });
  for (const name of ["nics", "guests", "slices", "domains", "history", "events"] as const) {
    const reply = await bed.call(name);
    expect(reply.statusCode).toBe(200);
    expect(ROUTES[name].reply.parse(reply.json())).not.toHaveLength(0);
  }
  expect((await bed.call("dump")).body).toContain("eth1");
});

test("the same text again is told apart from a change and runs nothing", async () => {
  await using bed = await makeApiBed();
  await bed.call("apply", { body });
  const done = bed.kernel.log.length;
  expect((await bed.call("apply", { body })).json()).toMatchObject({ revision: 1, changed: false, steps: 0 });
  expect(bed.kernel.log).toHaveLength(done);
});

test("the next daemon over the same kernel plans nothing for the same spec", async () => {
  const kernel = makeKernel();
  {
    await using first = await makeApiBed(kernel);
    await first.call("apply", { body });
  }
  const done = kernel.log.length;
  await using second = await makeApiBed(kernel);
  expect((await second.call("plan", { body })).json()).toMatchObject({ fits: true, steps: [] });
  expect((await second.call("apply", { body })).json()).toMatchObject({ changed: true, steps: 0 });
  expect(kernel.log).toHaveLength(done);
});

test("a refused operation comes back with the kernel's words, and the kernel's state as before", async () => {
  await using bed = await makeApiBed();
  await bed.call("apply", { body });
  const before = (await bed.call("dump")).body;
  bed.kernel.failNext((op) => op.op === "classReplace" && op.link === "eth2", "ENOMEM");
  const reply = await bed.call("apply", { body: { text: specText(["web1"], "2Gbit"), file: "host.yaml" } });
  expect(reply.statusCode).toBe(500);
  const { error } = errorBodySchema.parse(reply.json());
  expect(error).toMatchObject({ code: "APPLY_ROLLED_BACK", message: expect.stringContaining("ENOMEM") });
  expect((await bed.call("dump")).body).toBe(before);
});

test("plan and check change nothing", async () => {
  await using bed = await makeApiBed();
  const plan = (await bed.call("plan", { body })).json();
  expect(plan).toMatchObject({ fits: true, findings: [], revision: 0 });
  expect(plan.steps.length).toBeGreaterThan(5);
  expect(plan.steps[0].text).toMatch(/\w/);
  expect((await bed.call("check", { body })).json()).toMatchObject({ nics: 2, guests: 1, slices: 2, unknownLinks: [] });
  expect(bed.kernel.log).toEqual([]);
  expect((await bed.call("history")).json()).toEqual([]);
});

test("a spec that does not fit is an answer of plan and an error of apply", async () => {
  await using bed = await makeApiBed();
  const text = specText().replaceAll("reserve: 100Mbit, limit: 1Gbit", "reserve: 9.99Gbit, limit: 10Gbit");
  expect((await bed.call("plan", { body: { text } })).json()).toMatchObject({
    fits: false,
    findings: [{ code: "SPEC_DOES_NOT_FIT" }, { code: "SPEC_DOES_NOT_FIT" }],
  });
  const reply = await bed.call("apply", { body: { text, file: "big.yaml" } });
  expect(reply.statusCode).toBe(422);
  expect(reply.json().error).toMatchObject({ code: "SPEC_DOES_NOT_FIT", detail: { location: { file: "big.yaml" } } });
  expect(bed.kernel.log).toEqual([]);
});

test.each([
  ["text that is no YAML", { text: "{ nics: [" }, 422, /^SPEC_/],
  ["an unknown field", { text: specText().replace("nics:", "nic:") }, 422, /^SPEC_INVALID$/],
  [
    "a part not supported yet",
    { text: specText().replace("nics:", "domains: [{ name: apart, isolation: xen }]\nnics:") },
    422,
    /^SPEC_UNSUPPORTED$/,
  ],
  ["five megabytes", { text: `${specText()}${"#".repeat(5_000_000)}` }, 413, /^SPEC_TOO_LARGE$/],
  ["twenty megabytes", { text: "#".repeat(20_000_000) }, 413, /^SPEC_TOO_LARGE$/],
  ["a body without text", { file: "x" }, 400, /^USAGE$/],
  ["a body with more than it should have", { text: "", force: true }, 400, /^USAGE$/],
])("apply of %s is one clear error", async (_what, payload, status, code) => {
  await using bed = await makeApiBed();
  const reply = await bed.call("apply", { body: payload });
  expect(reply.statusCode).toBe(status);
  expect(errorBodySchema.parse(reply.json()).error.code).toMatch(code);
  expect(bed.kernel.log).toEqual([]);
});

test("words that are no JSON, and addresses that are no routes, are usage errors", async () => {
  await using bed = await makeApiBed();
  const headers = { "content-type": "application/json" };
  const broken = await bed.server.inject({ method: "POST", url: "/v1/apply", headers, payload: "{" });
  expect(broken.json().error.code).toBe("USAGE");
  expect((await bed.server.inject("/v1/nothing")).json().error.code).toBe("USAGE");
  expect((await bed.call("events", { query: { limit: "many" } })).json().error.code).toBe("USAGE");
  expect((await bed.call("rollback", { body: { revision: 7 } })).json().error.code).toBe("NOT_FOUND");
});

test("explain says where a balanced vif's flow is, since when and why, and how often it moved", async () => {
  await using bed = await makeApiBed();
  await bed.call("apply", { body: { ...body, text: specText().replace("balance: hash", "balance: flowlet") } });
  const flow = "tcp 10.0.0.11:43210 > 10.0.9.9:443";
  const ask = async () => (await bed.call("explain", { query: { guest: "web1", flow } })).json();
  const first = await ask();
  expect(first.why[0]).toBe(
    `nothing of it is remembered: its next packet leaves by ${first.flow.nic}, unless another slice lets it out clearly sooner`,
  );
  expect(first.flow).toMatchObject({ bucketMoves: [] });
  const { index, check } = pathPlace(flowHash(parseFlow(flow)), 0);
  const other = 1 - first.flow.slice;
  const departsNs = process.hrtime.bigint() + 1_000_000_000n;
  const known = { departsNs, sinceNs: process.hrtime.bigint(), bytes: 0, countedMs: 0, straysMs: 0, check, moves: 3 };
  const value = gonaPath.encode({ ...known, slice: other, before: first.flow.slice });
  bed.kernel.map("gona_paths").put(new Uint8Array(Uint32Array.of(index).buffer), value);
  const second = await ask();
  expect(second.flow).toMatchObject({ slice: other, chosenNic: first.flow.nic, moves: 3 });
  expect(second.flow.nic).not.toBe(first.flow.nic);
  expect(second.why[0]).toMatch(
    new RegExp(`^it is on ${second.flow.nic} since .*Z, not on ${first.flow.nic} where its bucket points$`),
  );
  expect(second.why[1]).toContain(`it goes back to ${first.flow.nic} when its next packet cannot be out before`);
  expect(second.why[2]).toBe(`it moved 3 times, last from ${first.flow.nic}`);
  bed.kernel.setCarrier(second.flow.nic, false);
  await settle();
  expect((await ask()).flow.nic).toBe(first.flow.nic);
});

test("explain says bucket, slice, class and why, and follows a NIC that dies", async () => {
  await using bed = await makeApiBed();
  await bed.call("apply", { body });
  const query = { guest: "web1", flow: "tcp 10.0.0.11:43210 > 10.0.9.9:443" };
  const before = (await bed.call("explain", { query })).json();
  expect(before).toMatchObject({ macStrategy: "per-slice", flow: { classid: "a09a:8" } });
  expect(before.why[0]).toContain("is alive");
  const { nic } = before.flow;
  bed.kernel.setCarrier(nic, false);
  await settle();
  const after = (await bed.call("explain", { query })).json();
  expect(after.flow.nic).not.toBe(nic);
  expect((await bed.call("explain", { query: { guest: "web1" } })).json().why.join()).toContain("carrier went");
  expect((await bed.call("explain", { query: { guest: "web2" } })).json().error).toMatchObject({
    code: "NOT_FOUND",
    detail: { hint: "did you mean web1?" },
  });
  expect((await bed.call("explain", { query: { guest: "web1", flow: "tcp" } })).json().error.code).toBe("USAGE");
});

test("a guest whose NIC died is degraded and says which", async () => {
  await using bed = await makeApiBed();
  await bed.call("apply", { body });
  bed.kernel.setCarrier("eth1", false);
  await settle();
  expect((await bed.call("status")).json()).toMatchObject({
    converged: true,
    nics: [{ name: "eth1", state: "down", reason: "carrier went" }, { state: "up" }],
    guests: [
      { state: "degraded", reason: "no slice on eth1 (down)", slices: [{ state: "down" }, { state: "active" }] },
    ],
  });
});

test("teardown leaves nothing of ours behind", async () => {
  await using bed = await makeApiBed();
  // Clsact without a filter does nothing, may be another's, and stays.
  const dump = async () => (await bed.call("dump")).body.replaceAll(/^ *qdisc ingress .*\n/gm, "");
  const before = await dump();
  await bed.call("apply", { body });
  expect(await dump()).not.toBe(before);
  expect((await bed.call("teardown")).json()).toMatchObject({ revision: 2, changed: true });
  expect(await dump()).toBe(before);
});

const failures = async (bed: Awaited<ReturnType<typeof makeApiBed>>) =>
  ((await bed.call("events")).json() as { kind: string }[]).filter((event) => event.kind.endsWith("failed"));

test("a NIC that is taken out of the machine is pending, its guests go on, and it is used again when it is back", async () => {
  await using bed = await makeApiBed();
  await bed.call("apply", { body });
  await settle();
  bed.kernel.removeLink("eth1");
  await settle();
  expect((await bed.call("status")).json()).toMatchObject({
    converged: true,
    lastError: null,
    pending: [{ kind: "nic", name: "eth1" }],
    nics: [{ name: "eth1", state: "pending" }, { state: "up" }],
    guests: [{ state: "degraded", slices: [{ state: "pending" }, { state: "active", bucketShare: 1 }] }],
  });
  bed.kernel.addLink({ name: "eth1", up: true });
  await bed.clock.advance(5000);
  expect((await bed.call("status")).json()).toMatchObject({
    converged: true,
    pending: [],
    guests: [{ state: "active", slices: [{ bucketShare: 0.5 }, { bucketShare: 0.5 }] }],
  });
  expect(await failures(bed)).toEqual([]);
});

test("a guest that stops and starts again under the same link name is back without a word from anybody", async () => {
  await using bed = await makeApiBed();
  await bed.call("apply", { body });
  await settle();
  bed.kernel.removeLink("tap-web1");
  await settle();
  expect((await bed.call("status")).json()).toMatchObject({ converged: true, guests: [{ state: "pending" }] });
  bed.kernel.addLink({ name: "tap-web1", up: true });
  await settle();
  expect((await bed.call("status")).json()).toMatchObject({ converged: true, guests: [{ state: "active" }] });
  expect(bed.kernel.filters("tap-web1")).toHaveLength(1);
  expect(await failures(bed)).toEqual([]);
});

test("a guest whose link is replaced in one go is programmed anew", async () => {
  await using bed = await makeApiBed();
  await bed.call("apply", { body });
  await settle();
  bed.kernel.removeLink("tap-web1");
  bed.kernel.addLink({ name: "tap-web1", up: true });
  await settle();
  expect((await bed.call("status")).json()).toMatchObject({ converged: true, guests: [{ state: "active" }] });
  expect(bed.kernel.filters("tap-web1")).toHaveLength(1);
  expect(await failures(bed)).toEqual([]);
});

test("a guest that the kernel refuses keeps no other from its due, and is tried again", async () => {
  await using bed = await makeApiBed();
  const text = specText(["web1", "db1", "db2"]);
  await bed.call("apply", { body: { text } });
  for (let refusals = 0; refusals < 3; refusals++) {
    bed.kernel.failNext((op) => op.op === "filterReplace" && op.link === "tap-db1", "EBUSY");
  }
  // Both at once, the refused one first.
  bed.kernel.addLink({ name: "tap-db1", up: true });
  bed.kernel.addLink({ name: "tap-db2", up: true });
  await settle();
  await settle();
  expect(bed.kernel.filters("tap-db2")).toHaveLength(1);
  expect((await bed.call("status")).json()).toMatchObject({
    converged: false,
    state: "retrying",
    lastError: { message: expect.stringContaining("EBUSY") },
  });
  await bed.clock.advance(10_000);
  expect(bed.kernel.filters("tap-db1")).toHaveLength(1);
  expect((await bed.call("status")).json()).toMatchObject({ converged: true, lastError: null });
});
