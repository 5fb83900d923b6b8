import { type DomainSpec, domainId, GonaError, nicId } from "@gona/model";
import { expect, test } from "vitest";
import type { BackendEvents, DomainBackend } from "../src/domain/domain-backend.ts";
import { DomainSupervisor } from "../src/domain/domain-supervisor.ts";
import type { ReadyDomain } from "../src/domain/ready-domain.ts";
import type { EventDraft } from "../src/event-log.ts";
import { createLogger } from "../src/logger.ts";
import { FakeClock, settle } from "./fake-clock.ts";

const spec = (name: string, more: Partial<DomainSpec> = {}): DomainSpec => ({
  name: domainId(name),
  isolation: "netns",
  drivers: [],
  ...more,
});

/** A backend that does what a test says. */
class FakeBackend implements DomainBackend {
  readonly events: BackendEvents;
  readonly calls: string[] = [];
  readonly spec: DomainSpec;
  found = false;
  failing: string | undefined;
  stuck: string | undefined;
  pid: number | undefined;

  constructor(of: DomainSpec, events: BackendEvents) {
    this.spec = of;
    this.events = events;
  }

  get ready(): ReadyDomain | undefined {
    if (this.pid === undefined) return undefined;
    return { domain: this.spec.name, isolation: "netns", netns: "ns", writer: undefined, nics: undefined };
  }

  adopt(): Promise<boolean> {
    this.calls.push("adopt");
    if (this.found) this.pid = 1;
    return Promise.resolve(this.found);
  }

  start(): Promise<void> {
    this.calls.push("start");
    if (this.failing !== undefined) return Promise.reject(new GonaError("DOMAIN_FAILED", this.failing));
    this.pid = (this.pid ?? 0) + 1;
    this.events.changed();
    return Promise.resolve();
  }

  hold(nics: readonly { readonly name: string }[]): void {
    this.calls.push(`hold ${nics.map(({ name }) => name).join()}`);
  }

  respec(next: DomainSpec): boolean {
    return String(next.cpus) === String(this.spec.cpus);
  }

  kill(): Promise<void> {
    this.calls.push("kill");
    this.pid = undefined;
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.calls.push("stop");
    if (this.stuck !== undefined) return Promise.reject(new Error(this.stuck));
    this.pid = undefined;
    return Promise.resolve();
  }

  die(cause: string): void {
    this.pid = undefined;
    this.events.lost(cause);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.calls.push("dispose");
    return Promise.resolve();
  }
}

function makeBed(noted: readonly DomainSpec[] = [], prepare: (backend: FakeBackend) => void = () => undefined) {
  const clock = new FakeClock();
  const backends: FakeBackend[] = [];
  const events: EventDraft[] = [];
  const open = (of: DomainSpec, to: BackendEvents): FakeBackend => {
    const backend = new FakeBackend(of, to);
    prepare(backend);
    backends.push(backend);
    return backend;
  };
  const supervisor = new DomainSupervisor({
    backends: { netns: open, vm: open },
    files: {
      noted: () => noted.map(({ name }) => name),
      read: (name) => {
        const found = noted.find((one) => one.name === name);
        return found && { spec: found };
      },
    },
    clock,
    events: {
      record: (draft) => {
        events.push(draft);
        return { id: events.length, at: "", ...draft };
      },
    },
    log: createLogger("silent"),
  });
  const phase = (name = "a") => supervisor.standing.get(domainId(name))?.phase;
  const kinds = () => events.map(({ kind }) => kind.replace("domain-", ""));
  return { clock, backends, events, kinds, supervisor, phase };
}

test("a domain that is wanted is started, told, ready, and ended when it is not wanted any more", async () => {
  const { supervisor, backends, kinds, phase } = makeBed();
  let changes = 0;
  supervisor.onChange(() => changes++);
  supervisor.want([spec("a"), spec("host", { isolation: "host" })]);
  await settle();
  expect([phase(), kinds(), [...supervisor.ready.keys()]]).toEqual(["up", ["up"], ["a"]]);
  expect(changes).toBeGreaterThan(0);
  supervisor.want([spec("a")]);
  supervisor.hold(domainId("a"), []);
  await settle();
  expect(backends[0]?.calls).toEqual(["start", "hold "]);
  supervisor.want([]);
  await settle();
  expect(backends[0]?.calls.slice(2)).toEqual(["stop", "dispose"]);
  expect([supervisor.standing.size, supervisor.ready.size, kinds()]).toEqual([0, 0, ["up", "stopped"]]);
});

test("losses are restarted at once, then after pauses, and given up; the operator clears that", async () => {
  const { supervisor, backends, kinds, phase, clock, events } = makeBed();
  supervisor.want([spec("a")]);
  await settle();
  const [backend] = backends;
  for (const pauseMs of [0, 250, 500, 1000, 2000]) {
    backend?.die("killed by SIGKILL");
    await settle();
    if (pauseMs > 0) {
      expect(phase()).toBe("restarting");
      await clock.advance(pauseMs - 1);
      expect(phase()).toBe("restarting");
      await clock.advance(1);
    }
    expect(phase()).toBe("up");
  }
  backend?.die("killed by SIGKILL");
  await clock.advance(600_000);
  expect(phase()).toBe("failed");
  expect(events.at(-1)).toMatchObject({
    kind: "domain-failed",
    message: "domain a: failed: 5 restarts in 60 s; cleared by `gona domain restart a`",
    cause: "killed by SIGKILL",
  });
  const standing = await supervisor.restart("a");
  expect(standing).toMatchObject({ phase: "up", restarts: 6 });
  expect(kinds().at(-1)).toBe("restarted");
});

test("a start that comes to nothing is told to who waits for it, and tried again", async () => {
  const { supervisor, backends, phase, clock } = makeBed([], (backend) => {
    backend.failing = "no such CPU";
  });
  supervisor.want([spec("a")]);
  await settle();
  expect(phase()).toBe("starting");
  await expect(supervisor.restart("a")).rejects.toThrow("no such CPU");
  const [backend] = backends;
  if (backend !== undefined) backend.failing = undefined;
  await clock.advance(5000);
  expect(phase()).toBe("up");
});

test("what an earlier daemon left at work is taken over, and what is not wanted goes only when somebody says so", async () => {
  const { supervisor, backends, kinds, phase } = makeBed([spec("a"), spec("b")], (backend) => {
    backend.found = backend.spec.name === "a";
  });
  await supervisor.start();
  expect([phase("a"), phase("b"), kinds()]).toEqual(["up", "absent", ["up"]]);
  supervisor.want([]);
  await settle();
  expect(backends.map(({ calls }) => calls)).toEqual([
    ["adopt", "stop", "dispose"],
    ["adopt", "stop", "dispose"],
  ]);
  expect(supervisor.standing.size).toBe(0);
});

test("a changed spec restarts what does not fit it; another isolation is another domain", async () => {
  const { supervisor, backends, phase } = makeBed();
  supervisor.want([spec("a")]);
  supervisor.hold(domainId("a"), [{ name: nicId("eth1") } as never]);
  await settle();
  supervisor.want([spec("a", { cpus: [1] })]);
  await settle();
  expect(backends[0]?.calls).toEqual(["hold eth1", "start", "kill", "start"]);
  supervisor.want([spec("a", { isolation: "vm" })]);
  await settle();
  expect(backends[0]?.calls.slice(4)).toEqual(["stop", "dispose"]);
  expect(backends[1]?.calls).toEqual(["hold eth1", "start"]);
  expect([phase(), backends[1]?.spec.isolation]).toEqual(["up", "vm"]);
});

test("an end that fails is tried again, and is waited for", async () => {
  const { supervisor, backends, clock, phase } = makeBed();
  supervisor.want([spec("a")]);
  await settle();
  const [backend] = backends;
  if (backend !== undefined) backend.stuck = "a NIC cannot be moved";
  const all = supervisor.stopAll();
  await settle();
  expect(phase()).toBe("stopping");
  supervisor.want([spec("a")]);
  if (backend !== undefined) backend.stuck = undefined;
  await clock.advance(10_000);
  await all;
  expect(supervisor.standing.size).toBe(0);
});

test("a daemon that ends leaves domains as they are", async () => {
  const { supervisor, backends } = makeBed();
  supervisor.want([spec("a")]);
  await settle();
  await supervisor[Symbol.asyncDispose]();
  expect(backends[0]?.calls).toEqual(["start", "dispose"]);
  await expect(makeBed().supervisor.restart("host")).rejects.toMatchObject({ code: "USAGE" });
});
