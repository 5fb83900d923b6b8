import { GonaError, type NicId, type VifId } from "@gona/model";
import { expect, test } from "vitest";
import type { Store } from "../src/store.ts";
import { makeBed, settle, specText } from "./bed.ts";

const spec = (guests?: string[], limit?: string) => ({ text: specText(guests, limit), file: "host.yaml" });
const eth1 = "eth1" as NicId;
const eth2 = "eth2" as NicId;
const web1 = "web1" as VifId;

test("a spec is applied, committed, and the same again changes nothing", async () => {
  await using bed = makeBed();
  await bed.controller.start();
  expect(bed.controller.reconciler.standing.state).toBe("idle");
  const first = await bed.controller.applier.apply(spec());
  expect(first).toMatchObject({ revision: 1, changed: true, pending: [] });
  // Nobody can have learnt a MAC of a new guest.
  expect(bed.plane.sent).toEqual([]);
  expect(first.steps).toBeGreaterThan(5);
  expect(bed.store.current()).toMatchObject({ revision: 1, text: specText(), guests: 1, nics: 2 });
  const done = bed.plane.log.length;
  const again = await bed.controller.applier.apply(spec());
  expect(again).toMatchObject({ revision: 1, changed: false, steps: 0 });
  expect(bed.plane.log).toHaveLength(done);
});

test("a kernel that refuses a step gets everything back as it was, with the cause", async () => {
  await using bed = makeBed();
  await bed.controller.start(spec());
  const before = bed.plane.hub;
  bed.kernel.addLink({ name: "tap-db1", up: true });
  await settle();
  bed.plane.failNext((step) => step.facet === "vifFilters");
  const error = await bed.controller.applier.apply(spec(["web1", "db1"], "2Gbit")).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code: "APPLY_ROLLED_BACK", cause: { code: "KERNEL_REFUSED" } });
  expect(String(error)).toContain("ENOSPC");
  expect(bed.plane.hub).toEqual(before);
  expect(bed.store.current()?.revision).toBe(1);
  expect(bed.store.find(2)).toMatchObject({ state: "rolled-back", error: expect.stringContaining("ENOSPC") });
  await settle();
  expect(bed.controller.reconciler.standing).toMatchObject({
    state: "converged",
    applyFailure: { code: "APPLY_ROLLED_BACK" },
  });
});

test("without any spec before, a failed apply leaves what stood there", async () => {
  await using bed = makeBed();
  await bed.controller.start();
  bed.plane.failNext((step) => step.facet === "stations");
  await expect(bed.controller.applier.apply(spec())).rejects.toMatchObject({ code: "APPLY_ROLLED_BACK" });
  for (const facet of Object.values(bed.plane.hub)) expect(facet.size).toBe(0);
  expect(bed.controller.reconciler.standing.state).toBe("idle");
});

test("when the way back fails too, the daemon keeps at the last good revision until it stands", async () => {
  await using bed = makeBed();
  await bed.controller.start(spec());
  await settle();
  const before = bed.plane.hub;
  let changes = 0;
  bed.plane.beforeStep = (step) => {
    // The first class is changed, the second is refused, and so is the first on the way back.
    if (step.facet === "slices" && [2, 3].includes(++changes)) throw new GonaError("KERNEL_REFUSED", "not now");
  };
  await expect(bed.controller.applier.apply(spec(["web1"], "3Gbit"))).rejects.toMatchObject({
    code: "ROLLBACK_FAILED",
  });
  expect(bed.plane.hub).not.toEqual(before);
  expect(bed.controller.reconciler.standing.state).toBe("retrying");
  await bed.clock.advance(500);
  expect(bed.plane.hub).toEqual(before);
  const { standing } = bed.controller.reconciler;
  expect(standing).toMatchObject({ state: "converged", applyFailure: { code: "ROLLBACK_FAILED" } });
  expect(standing.reconcileFailure).toBeUndefined();
});

test("of two applies at once, the second is told to wait", async () => {
  await using bed = makeBed();
  await bed.controller.start();
  const gate = Promise.withResolvers<void>();
  bed.plane.beforeStep = () => gate.promise;
  const first = bed.controller.applier.apply(spec());
  await expect(bed.controller.applier.apply(spec(["web1"], "2Gbit"))).rejects.toMatchObject({
    code: "APPLY_IN_PROGRESS",
  });
  gate.resolve();
  expect(await first).toMatchObject({ revision: 1 });
});

test("a full disk is an error before the kernel is touched", async () => {
  const full = (store: Store) => failing(store, "begin");
  await using bed = makeBed({ store: full });
  await bed.controller.start();
  await expect(bed.controller.applier.apply(spec())).rejects.toMatchObject({ code: "STORAGE" });
  expect(bed.plane.log).toEqual([]);
});

test("a disk that fills up between is a roll-back, not half an apply", async () => {
  const full = (store: Store) => failing(store, "commit");
  await using bed = makeBed({ store: full });
  await bed.controller.start();
  await expect(bed.controller.applier.apply(spec())).rejects.toMatchObject({
    code: "APPLY_ROLLED_BACK",
    cause: { code: "STORAGE" },
  });
  for (const facet of Object.values(bed.plane.hub)) expect(facet.size).toBe(0);
});

test("a guest whose link is missing is pending, and picked up when it appears", async () => {
  await using bed = makeBed();
  await bed.controller.start();
  const result = await bed.controller.applier.apply(spec(["web1", "db1"]));
  expect(result.pending).toEqual([{ kind: "vif", name: "db1", reason: expect.stringContaining("tap-db1") }]);
  expect([...bed.plane.hub.vifs.keys()]).toEqual(["web1"]);
  bed.kernel.addLink({ name: "tap-db1", up: true });
  await settle();
  expect([...bed.plane.hub.vifs.keys()]).toEqual(["web1", "db1"]);
  expect(bed.controller.reconciler.standing).toMatchObject({ state: "converged", pending: [] });
});

test("a guest whose namespace is missing is pending, and picked up once that is more than a name", async () => {
  await using bed = makeBed();
  await bed.controller.start();
  const text = specText().replace("device: tap-web1", "create: { netns: web1-ns, name: eth0 }");
  const result = await bed.controller.applier.apply({ text, file: "host.yaml" });
  expect(result.pending).toEqual([{ kind: "vif", name: "web1", reason: expect.stringContaining("web1-ns") }]);
  bed.namespaces.set({ unready: ["web1-ns"] });
  await settle();
  expect(bed.plane.hub.vifs.size).toBe(0);
  bed.namespaces.setSilently({ ready: ["web1-ns"] });
  await bed.clock.advance(100);
  expect([...bed.plane.hub.vifLinks.keys()]).toEqual(["web1"]);
});

test("a link that was replaced under its name is looked at anew", async () => {
  await using bed = makeBed();
  await bed.controller.start(spec());
  await settle();
  const { observations } = bed.plane;
  bed.kernel.removeLink("tap-web1");
  // What an observer does: entries of a link that went are not GONA's any more.
  bed.plane.hub = { ...bed.plane.hub, vifFilters: new Map() };
  await settle();
  expect(bed.plane.hub.vifs.size).toBe(0);
  bed.kernel.addLink({ name: "tap-web1", up: true });
  await settle();
  expect(bed.plane.observations).toBeGreaterThan(observations);
  expect([...bed.plane.hub.vifFilters.keys()]).toEqual(["tap-web1"]);
});

test("a NIC that loses its carrier is shut at once, announced, and returns after its failback time", async () => {
  await using bed = makeBed();
  await bed.controller.start(spec());
  await settle();
  const slices = bed.plane.hub.vifs.get(web1)?.slices ?? [];
  const macOf = (nic: NicId) => slices.find((slice) => slice?.nic === nic)?.mac;
  const share = (nic: NicId) => {
    const vif = bed.plane.hub.vifs.get(web1);
    const number = vif?.slices.findIndex((slice) => slice?.nic === nic);
    return (vif?.buckets.filter((bucket) => bucket === number).length ?? 0) / 1024;
  };
  expect(share(eth1)).toBe(0.5);
  bed.kernel.setCarrier("eth1", false);
  await settle();
  expect(bed.plane.hub.nics.get(eth1)?.up).toBe(false);
  expect(share(eth1)).toBe(0);
  const own = bed.plane.hub.vifs.get(web1)?.mac;
  expect(bed.plane.sent.map(({ nic, frame }) => [nic, sourceMac(frame)])).toEqual([
    [eth2, macOf(eth1)],
    [eth2, own],
  ]);
  bed.kernel.setCarrier("eth1", true);
  await bed.clock.advance(1900);
  expect(bed.plane.hub.nics.get(eth1)?.up).toBe(false);
  bed.plane.sent.length = 0;
  await bed.clock.advance(200);
  expect(bed.plane.hub.nics.get(eth1)?.up).toBe(true);
  expect(share(eth1)).toBe(0.5);
  expect(bed.plane.sent.map(({ nic, frame }) => [nic, sourceMac(frame)])).toContainEqual([eth1, macOf(eth1)]);
  const kinds = bed.events.recent({ limit: 100 }).map((event) => event.kind);
  expect(kinds.filter((kind) => /nic|announced/.test(kind))).toEqual([
    "nic-down",
    "announced",
    "nic-returning",
    "nic-up",
    "announced",
  ]);
});

test("a NIC that comes with its gate open is announced for the guests that were there without it", async () => {
  await using bed = makeBed();
  await bed.controller.start(spec());
  await settle();
  const mac = bed.plane.hub.vifs.get(web1)?.slices.find((slice) => slice?.nic === eth1)?.mac;
  bed.kernel.removeLink("eth1");
  await settle();
  const next = await bed.restart();
  await next.start();
  await settle();
  bed.plane.sent.length = 0;
  // Never seen by this daemon: it needs no failback time. Switches still send what is for its MACs to eth2.
  bed.kernel.addLink({ name: "eth1", up: true });
  await settle();
  expect(bed.plane.hub.nics.get(eth1)?.up).toBe(true);
  // Also the guest's own MAC, which is heard on the NIC of its first slice.
  const own = bed.plane.hub.vifs.get(web1)?.mac;
  expect(bed.plane.sent.map(({ nic, frame }) => [nic, sourceMac(frame)])).toEqual([
    [eth1, mac],
    [eth1, own],
  ]);
});

test("a carrier that goes in the middle of an apply is not lost on the way", async () => {
  await using bed = makeBed();
  await bed.controller.start(spec());
  const gate = Promise.withResolvers<void>();
  let waiting = true;
  bed.plane.beforeStep = (step) => (waiting && step.facet !== "nics" ? gate.promise : undefined);
  const apply = bed.controller.applier.apply(spec(["web1"], "2Gbit"));
  await settle();
  bed.kernel.setCarrier("eth2", false);
  await settle();
  expect(bed.plane.hub.nics.get(eth2)?.up).toBe(false);
  waiting = false;
  gate.resolve();
  await apply;
  await settle();
  expect(bed.plane.hub.nics.get(eth2)?.up).toBe(false);
  expect(bed.plane.sent).toHaveLength(1);
});

test("the next daemon finds everything as it should be and changes nothing", async () => {
  await using bed = makeBed();
  await bed.controller.start(spec());
  const done = bed.plane.log.length;
  const next = await bed.restart();
  await next.start();
  expect(next.reconciler.standing.state).toBe("converged");
  expect(next.reconciler.target?.revision).toBe(1);
  expect(bed.plane.log).toHaveLength(done);
  expect(bed.events.recent({ limit: 10 }).map((event) => event.kind)).toContain("adopted");
});

test("a daemon without a spec leaves what it finds alone", async () => {
  await using bed = makeBed();
  await bed.controller.start(spec());
  const { hub } = bed.plane;
  await using fresh = makeBed();
  fresh.plane.hub = hub;
  await fresh.controller.start();
  await fresh.clock.advance(120_000);
  expect(fresh.plane.hub).toBe(hub);
  expect(fresh.controller.reconciler.standing.state).toBe("idle");
});

test("a daemon that died in the middle of an apply: the next goes back to the last good revision", async () => {
  await using bed = makeBed();
  await bed.controller.start(spec());
  const before = bed.plane.hub;
  let steps = 0;
  bed.plane.beforeStep = () => (++steps > 1 ? new Promise<void>(() => {}) : undefined);
  void bed.controller.applier.apply(spec(["web1"], "2Gbit"));
  await settle();
  expect(bed.plane.hub).not.toEqual(before);
  bed.plane.beforeStep = () => {};
  // Killed: nothing of the old controller runs on.
  await bed.crash().start();
  expect(bed.plane.hub).toEqual(before);
  expect(bed.store.find(2)).toMatchObject({ state: "rolled-back" });
});

test("a change made by somebody else is put right within half a minute, with an event", async () => {
  await using bed = makeBed();
  await bed.controller.start(spec());
  await settle();
  const before = bed.plane.hub;
  bed.plane.hub = { ...before, slices: new Map([...before.slices].slice(1)) };
  await bed.clock.advance(31_000);
  expect(bed.plane.hub.slices.size).toBe(2);
  // Whoever looks for the culprit wants to know what it was.
  const cause = expect.stringMatching(/^slice .* on .*: new/);
  expect(bed.events.recent({ limit: 1 })[0]).toMatchObject({ kind: "reconciled", cause });
});

test("memory is given back after the start, after an apply, and after looks that read much", async () => {
  let given = 0;
  await using bed = makeBed({ giveBackMemory: () => void given++ });
  await bed.controller.start(spec());
  expect(given).toBe(0);
  await bed.clock.advance(3000);
  expect(given).toBe(1);
  await bed.controller.applier.apply(spec(["web1"], "2Gbit"));
  await bed.clock.advance(3000);
  expect(given).toBe(2);
  // A quick look leaves little behind.
  await bed.clock.advance(60_000);
  expect(given).toBe(2);
  const observe = bed.plane.observe.bind(bed.plane);
  bed.plane.observe = () => {
    bed.clock.spend(50);
    return observe();
  };
  await bed.clock.advance(34_000);
  expect(given).toBe(3);
});

test("a refusal outside an apply is retried with growing pauses and reported once", async () => {
  await using bed = makeBed();
  await bed.controller.start(spec(["web1", "db1"]));
  bed.plane.failNext((step) => step.facet === "vifFilters", 3);
  bed.kernel.addLink({ name: "tap-db1", up: true });
  await settle();
  expect(bed.controller.reconciler.standing).toMatchObject({
    state: "retrying",
    reconcileFailure: { code: "KERNEL_REFUSED" },
  });
  await bed.clock.advance(500 + 1000 + 2000);
  expect(bed.controller.reconciler.standing.state).toBe("converged");
  expect(bed.plane.hub.vifs.size).toBe(2);
  expect(bed.events.recent({ limit: 100 }).filter((event) => event.kind === "reconcile-failed")).toHaveLength(1);
});

test("a spec given at the start that the kernel refuses is tried again until it is in force", async () => {
  await using bed = makeBed();
  bed.plane.failNext((step) => step.facet === "vifFilters", 2);
  await bed.controller.start(spec());
  expect(bed.controller.reconciler.standing).toMatchObject({
    state: "idle",
    applyFailure: { code: "APPLY_ROLLED_BACK" },
  });
  await bed.clock.advance(1500);
  expect(bed.controller.reconciler.standing).toMatchObject({ state: "converged", applyFailure: undefined });
  expect(bed.controller.reconciler.target?.revision).toBe(3);
});

test("a bad spec at the start is refused before anything is touched", async () => {
  await using bed = makeBed();
  await expect(bed.controller.start({ text: "nics: 3", file: "bad.yaml" })).rejects.toMatchObject({
    code: expect.stringMatching(/^SPEC_/),
  });
  expect(bed.plane.observations).toBe(0);
});

test("teardown removes everything and the next daemon leaves it so", async () => {
  await using bed = makeBed();
  await bed.controller.start(spec());
  await bed.controller.applier.teardown();
  for (const facet of Object.values(bed.plane.hub)) expect(facet.size).toBe(0);
  const next = await bed.restart();
  await next.start();
  expect(bed.plane.hub.vifs.size).toBe(0);
});

test("rollback applies the text of an earlier revision as a new one", async () => {
  await using bed = makeBed();
  await bed.controller.start(spec());
  const before = bed.plane.hub;
  await bed.controller.applier.apply(spec(["web1"], "2Gbit"));
  expect(await bed.controller.applier.rollback(1)).toMatchObject({ revision: 3, changed: true });
  expect(bed.plane.hub).toEqual(before);
  await expect(bed.controller.applier.rollback(99)).rejects.toMatchObject({ code: "NOT_FOUND" });
});

const sourceMac = (frame: Uint8Array) => Buffer.from(frame.subarray(6, 12)).toString("hex").match(/../g)?.join(":");

/** A store on a disk that is full when `method` wants to write. */
function failing(store: Store, method: "begin" | "commit"): Store {
  return new Proxy(store, {
    get(target, key) {
      if (key === method) {
        return () => {
          throw new GonaError("STORAGE", "database or disk is full");
        };
      }
      const value: unknown = Reflect.get(target, key);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
