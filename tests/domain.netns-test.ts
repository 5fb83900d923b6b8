import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { DomainView, HostEvent } from "@gona/api";
import { createNamespace, deleteNamespace, HeldNamespace, listNamespaces, processFacts } from "@gona/kernel";
import { expect, test } from "vitest";
import { DaemonBed, type JsonProcess } from "./daemon-bed.ts";

const PREFIX = "gona-b";
const NAMES = ["dd-a", "dd-b"] as const;
const DEADLINE_MS = 60_000;

const specText = (domains: readonly string[] = NAMES, more = "") => `apiVersion: gona/v1
domains:
${domains.map((name) => `  - { name: ${name}, isolation: netns${more} }`).join("\n")}
nics: []
`;
const NO_DOMAINS = "apiVersion: gona/v1\nnics: []\n";

const ready = (daemon: JsonProcess) => daemon.line("ready", (line) => line.msg === "ready");
const isAlive = (pid: number | null): boolean => pid !== null && !["Z", undefined].includes(processFacts(pid)?.state);
const netnsOf = (bed: DaemonBed, domain: string): string => `${bed.netns("hub")}.${domain}`;
const inodeOf = (netns: string): number => {
  using held = HeldNamespace.open(netns);
  return held.inode;
};

/** A daemon whose domains have come up. */
async function startDaemon(bed: DaemonBed, text = specText()): Promise<JsonProcess> {
  const daemon = bed.spawnDaemon(["--spec", bed.file("host.yaml", text)]);
  await ready(daemon);
  for (const name of NAMES) if (text.includes(name)) await when(bed, name, ({ state }) => state === "up");
  return daemon;
}

/** The domain as soon as it is so. Asked for again at each event of the daemon's. */
async function when(bed: DaemonBed, name: string, is: (domain: DomainView) => boolean): Promise<DomainView> {
  const over = new AbortController();
  const late = setTimeout(() => over.abort(), DEADLINE_MS);
  const look = async () => (await bed.client.domains()).find((domain) => domain.name === name);
  const after = (await bed.client.events({ limit: 1 })).at(-1)?.id ?? 0;
  const events = bed.client.followEvents({ after }, over.signal);
  try {
    for (;;) {
      const next = events.next().then(
        ({ done }) => done !== true,
        () => false,
      );
      const found = await look();
      if (found !== undefined && is(found)) return found;
      if (!(await next)) throw new Error(`${name}: ${JSON.stringify(found)}`);
    }
  } finally {
    clearTimeout(late);
    over.abort();
  }
}

const eventsOf = async (bed: DaemonBed, kind: HostEvent["kind"]): Promise<readonly HostEvent[]> =>
  (await bed.client.events({ limit: 1000 })).filter((event) => event.kind === kind);

const pidOf = async (bed: DaemonBed, name: string): Promise<number> =>
  (await when(bed, name, ({ state }) => state === "up")).pid as number;

test("an agent runs in its own namespace with nothing that it does not need, and a killed one is replaced alone", async () => {
  await using bed = new DaemonBed(PREFIX, []);
  await startDaemon(bed);
  const [first, bystander] = [await pidOf(bed, "dd-a"), await pidOf(bed, "dd-b")];
  const status = readFileSync(`/proc/${first}/status`, "utf8");
  // NET_ADMIN (12), PERFMON (38) and BPF (39), of every thread and for good.
  expect(status).toMatch(/^CapBnd:\s+000000c000001000$/m);
  expect(status).toMatch(/^CapEff:\s+000000c000001000$/m);
  expect(status).toMatch(/^NoNewPrivs:\s+1$/m);
  expect(inodeOf(`/proc/${first}/ns/net`)).toBe(inodeOf(netnsOf(bed, "dd-a")));

  process.kill(first, "SIGKILL");
  const domain = await when(bed, "dd-a", ({ state, restarts }) => state === "up" && restarts === 1);
  expect(domain).toMatchObject({ cause: "killed by SIGKILL", restarts: 1 });
  expect(domain.pid).not.toBe(first);
  expect(await when(bed, "dd-b", () => true)).toMatchObject({ pid: bystander, restarts: 0, cause: null });
  const [lost] = await eventsOf(bed, "domain-lost");
  expect(lost).toMatchObject({ subject: "dd-a", cause: "killed by SIGKILL" });
  expect(await eventsOf(bed, "domain-restarted")).toMatchObject([{ subject: "dd-a", cause: "killed by SIGKILL" }]);
});

test("an agent that hangs is found by its heartbeat and replaced", async () => {
  await using bed = new DaemonBed(PREFIX, []);
  await startDaemon(bed);
  const hung = await pidOf(bed, "dd-a");
  process.kill(hung, "SIGSTOP");
  const domain = await when(bed, "dd-a", ({ state, restarts }) => state === "up" && restarts === 1);
  expect(domain.cause).toMatch(/^hung: no answer for \d+ ms$/);
  expect(isAlive(hung)).toBe(false);
});

test("a storm of losses ends in a failure, which `domain restart` clears", async () => {
  await using bed = new DaemonBed(PREFIX, []);
  await startDaemon(bed, specText(["dd-a"]));
  let pid = await pidOf(bed, "dd-a");
  for (let losses = 1; losses <= 6; losses++) {
    process.kill(pid, "SIGKILL");
    const domain = await when(
      bed,
      "dd-a",
      (now) => now.state === "failed" || (now.state === "up" && now.restarts === losses),
    );
    if (losses < 6) pid = domain.pid as number;
    else expect(domain).toMatchObject({ state: "failed", pid: null, restarts: 5 });
  }
  const failed = await when(bed, "dd-a", () => true);
  expect(failed.cause).toBe("5 restarts in 60 s; cleared by `gona domain restart dd-a`; last: killed by SIGKILL");
  expect(await eventsOf(bed, "domain-failed")).toMatchObject([{ subject: "dd-a" }]);
  // What its kernel holds is not the agent's: the namespace is still there.
  expect(listNamespaces()).toContain(netnsOf(bed, "dd-a"));

  const { domain } = await bed.client.domainRestart("dd-a");
  expect(domain).toMatchObject({ state: "up", restarts: 6, cause: "restarted by the operator" });
  expect(isAlive(domain.pid)).toBe(true);
  await expect(bed.client.domainRestart("dd-x")).rejects.toMatchObject({ code: "NOT_FOUND" });
  await expect(bed.client.domainRestart("host")).rejects.toMatchObject({ code: "USAGE" });
});

test("agents outlive a killed daemon, and the next one adopts those that live and starts the others", async () => {
  await using bed = new DaemonBed(PREFIX, []);
  const first = await startDaemon(bed);
  const [kept, lost] = [await pidOf(bed, "dd-a"), await pidOf(bed, "dd-b")];
  await first.stop("SIGKILL");
  process.kill(lost, "SIGKILL");
  // The name alone: the agent keeps the namespace.
  const inode = inodeOf(netnsOf(bed, "dd-a"));
  deleteNamespace(netnsOf(bed, "dd-a"));

  await ready(bed.spawnDaemon());
  expect(await pidOf(bed, "dd-a")).toBe(kept);
  expect(await pidOf(bed, "dd-b")).not.toBe(lost);
  expect(inodeOf(netnsOf(bed, "dd-a"))).toBe(inode);
  expect(await when(bed, "dd-a", () => true)).toMatchObject({ restarts: 0 });
});

test("a deleted name of a domain's namespace is bound again, also where another took it", async () => {
  await using bed = new DaemonBed(PREFIX, []);
  await startDaemon(bed, specText(["dd-a"]));
  const name = netnsOf(bed, "dd-a");
  const [pid, inode] = [await pidOf(bed, "dd-a"), inodeOf(name)];
  deleteNamespace(name);
  await expect.poll(() => eventsOf(bed, "domain-mended"), { timeout: DEADLINE_MS }).toHaveLength(1);
  expect(inodeOf(name)).toBe(inode);
  deleteNamespace(name);
  try {
    createNamespace(name);
  } catch {
    // The daemon was faster.
  }
  await expect
    .poll(() => eventsOf(bed, "domain-mended").then(({ length }) => length >= 2), { timeout: DEADLINE_MS })
    .toBe(true);
  await expect.poll(() => inodeOf(name), { timeout: DEADLINE_MS }).toBe(inode);
  expect(await pidOf(bed, "dd-a")).toBe(pid);
});

test("a domain that leaves the spec goes, one that comes is started, and teardown leaves nothing", async () => {
  await using bed = new DaemonBed(PREFIX, []);
  const daemon = await startDaemon(bed, specText(["dd-a"]));
  const first = await pidOf(bed, "dd-a");
  await bed.client.apply({ text: specText(["dd-b"]) });
  await when(bed, "dd-b", ({ state }) => state === "up");
  await expect.poll(() => eventsOf(bed, "domain-stopped"), { timeout: DEADLINE_MS }).toHaveLength(1);
  expect(isAlive(first)).toBe(false);
  expect(listNamespaces()).not.toContain(netnsOf(bed, "dd-a"));

  const second = await pidOf(bed, "dd-b");
  await daemon.stop("SIGTERM");
  expect(isAlive(second)).toBe(true);
  expect(await bed.spawnDaemon(["--teardown"]).ended()).toMatchObject({ code: 0 });
  expect(isAlive(second)).toBe(false);
  expect(listNamespaces().filter((name) => name.startsWith(`${bed.netns("hub")}.`))).toEqual([]);
});

test("a domain on CPUs of its own runs there, and a change of them restarts it", async () => {
  await using bed = new DaemonBed(PREFIX, []);
  await startDaemon(bed, specText(["dd-a"], ", cpus: [0]"));
  const allowed = (pid: number) =>
    /^Cpus_allowed_list:\s+(\S+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  const first = await pidOf(bed, "dd-a");
  expect(allowed(first)).toBe("0");
  await bed.client.apply({ text: specText(["dd-a"]) });
  const domain = await when(bed, "dd-a", ({ pid, state }) => state === "up" && pid !== first);
  expect(domain.cause).toBe("its spec changed");
  // CPUs that are not there are a failure with words, not a process without bounds.
  await bed.client.apply({ text: specText(["dd-a"], ", cpus: [1023]") });
  const failing = await when(bed, "dd-a", ({ cause }) => cause?.includes("1023") === true);
  expect(failing.cause).toContain("sched_setaffinity 1023");
  await bed.client.apply({ text: NO_DOMAINS });
  await expect.poll(() => listNamespaces(), { timeout: DEADLINE_MS }).not.toContain(netnsOf(bed, "dd-a"));
});

test("an agent whose run dir is gone ends: nobody could reach it", async () => {
  let pid = 0;
  {
    await using bed = new DaemonBed(PREFIX, []);
    const daemon = await startDaemon(bed, specText(["dd-a"]));
    pid = await pidOf(bed, "dd-a");
    await daemon.stop("SIGKILL");
    expect(isAlive(pid)).toBe(true);
    expect(readFileSync(join(bed.runDir, "domains", "dd-a.json"), "utf8")).toContain(String(pid));
  }
  await expect.poll(() => isAlive(pid), { timeout: DEADLINE_MS }).toBe(false);
});
