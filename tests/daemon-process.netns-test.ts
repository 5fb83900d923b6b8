import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { DaemonBed, type JsonProcess } from "./daemon-bed.ts";
import { run } from "./run.ts";

const specText = (bed: DaemonBed, limit = "500Mbit") => `apiVersion: gona/v1
nics:
  - { name: eth1, capacity: 2Gbit, fabric: rack }
  - { name: eth2, capacity: 2Gbit, fabric: rack }
guests:
  - name: steady
    vif: { create: { netns: ${bed.netns("steady")}, name: eth0 }, mac: "52:54:00:d4:00:01", addresses: [10.9.0.1] }
    aggregate:
      balance: hash
      slices:
        - { nic: eth1, egress: { reserve: 10Mbit, limit: ${limit} } }
        - { nic: eth2, egress: { reserve: 10Mbit, limit: ${limit} } }
`;

const ready = (daemon: JsonProcess) => daemon.line("ready", (line) => line.msg === "ready");
/** Queues and links of the hub as iproute2 shows them. */
const hubState = (bed: DaemonBed) =>
  run("tc", "-n", bed.netns("hub"), "qdisc").replaceAll(/^qdisc clsact .*\n/gm, "") +
  run("ip", "-n", bed.netns("hub"), "-br", "link").replaceAll(/ .*$/gm, "");

test("a second daemon is refused, by run dir, by state dir and by network namespace", async () => {
  await using bed = new DaemonBed("gona-d4", []);
  const first = bed.spawnDaemon();
  await ready(first);
  const same = await bed.spawnDaemon().ended();
  expect(same).toMatchObject({ code: 1, said: expect.stringContaining(`pid ${first.child.pid}`) });
  const otherRun = ["--run-dir", join(bed.runDir, "other")];
  expect(await bed.spawnDaemon(otherRun).ended()).toMatchObject({
    code: 1,
    said: expect.stringContaining("state dir"),
  });
  const otherDirs = [...otherRun, "--state-dir", join(bed.stateDir, "other")];
  const other = await bed.spawnDaemon(otherDirs).ended();
  expect(other).toMatchObject({ code: 1, said: expect.stringContaining("network namespace") });
  expect((await bed.client.status()).pid).toBe(first.child.pid);
});

test("a stop leaves the data path, the next daemon adopts it, and teardown takes it away", async () => {
  await using bed = new DaemonBed("gona-d4", []);
  const before = hubState(bed);
  const spec = bed.file("host.yaml", specText(bed));
  const first = bed.spawnDaemon(["--spec", spec]);
  await ready(first);
  const programmed = hubState(bed);
  expect(programmed).not.toBe(before);
  await first.stop("SIGTERM");
  expect(first.child.exitCode).toBe(0);
  expect(hubState(bed)).toBe(programmed);
  const second = bed.spawnDaemon();
  await ready(second);
  expect(await bed.client.status()).toMatchObject({ converged: true, revision: 1, guests: [{ state: "active" }] });
  expect((await bed.client.plan({ text: specText(bed) })).steps).toEqual([]);
  await second.stop("SIGTERM");
  expect(await bed.spawnDaemon(["--teardown"]).ended()).toMatchObject({ code: 0 });
  expect(hubState(bed)).toBe(before);
});

test("a disk that is full is said before anything changes, and the daemon goes on", async () => {
  await using bed = new DaemonBed("gona-d4", []);
  mkdirSync(bed.stateDir);
  run("mount", "-t", "tmpfs", "-o", "size=256k", "gona-test", bed.stateDir);
  await using _mounted = { [Symbol.asyncDispose]: async () => void run("umount", "-l", bed.stateDir) };
  await ready(bed.spawnDaemon());
  await bed.client.apply({ text: specText(bed) });
  const before = hubState(bed);
  expect(() => writeFileSync(join(bed.stateDir, "filler"), new Uint8Array(300_000))).toThrow(/ENOSPC/);
  const text = `${specText(bed, "700Mbit")}# ${"x".repeat(50_000)}\n`;
  await expect(bed.client.apply({ text })).rejects.toMatchObject({ code: "STORAGE", exitCode: 1 });
  expect(hubState(bed)).toBe(before);
  expect(await bed.client.status()).toMatchObject({ converged: true, revision: 1 });
  run("rm", join(bed.stateDir, "filler"));
  expect(await bed.client.apply({ text: specText(bed, "700Mbit") })).toMatchObject({ changed: true });
});

test("a daemon that cannot run says why in one error, with nothing touched", async () => {
  await using bed = new DaemonBed("gona-d4", []);
  const before = hubState(bed);
  const bad = bed.file("bad.yaml", specText(bed).replace("500Mbit", "500"));
  const unfit = bed.file(
    "unfit.yaml",
    specText(bed).replaceAll("reserve: 10Mbit", "reserve: 490Mbit").replaceAll("2Gbit", "480Mbit"),
  );
  mkdirSync(join(bed.runDir, "damaged"), { recursive: true });
  writeFileSync(join(bed.runDir, "damaged", "gona.db"), "a poem, not a database\n".repeat(500));
  const powerless = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"];
  const cases: readonly [words: string[], code: number, said: string, before?: string[]][] = [
    [["--spec", bad], 2, "bad.yaml:"],
    [["--spec", unfit], 2, "unfit.yaml:"],
    [["--spec", "/nonexistent.yaml"], 2, "nonexistent.yaml"],
    [["--listen", "0.0.0.0:80"], 2, "TLS"],
    [["--run-dir", "/proc/gona"], 1, "/proc/gona"],
    [["--state-dir", "/proc/gona"], 1, "/proc/gona"],
    [["--state-dir", join(bed.runDir, "damaged")], 1, "move it away"],
    [[], 4, "CAP_NET_ADMIN", powerless],
  ];
  for (const [words, code, said, wrapper] of cases) {
    expect({ words, ...(await bed.spawnDaemon(words, wrapper).ended()) }).toEqual({
      words,
      code,
      said: expect.stringContaining(said),
    });
  }
  expect(hubState(bed)).toBe(before);
});
