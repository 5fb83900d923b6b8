import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { labPaths } from "../src/bed/lab-paths.ts";
import { endRecorded } from "../src/bed/lab-process.ts";
import { identify, isAlive, type ProcessIdentity } from "../src/bed/process-identity.ts";
import { namespacesOf, sweep } from "../src/bed/sweep.ts";
import { waitUntil } from "../src/bed/wait-until.ts";
import { labDown, labUp } from "../src/lab-up.ts";
import { parseScenario } from "../src/scenario/parse-scenario.ts";
import { brokenPromises, runQuietly } from "./run-quietly.ts";

const SCENARIO = `apiVersion: gona-lab/v1
title: Small
spec:
  apiVersion: gona/v1
  nics: [{ name: eth1, capacity: 1Gbit, fabric: rack }]
  guests:
    - name: web
      vif: { device: vm-web, mac: "52:54:00:0a:00:01", addresses: [10.10.0.1] }
      aggregate: { slices: [{ nic: eth1, egress: { limit: 50Mbit } }], balance: hash }
peers: [{ name: client, fabric: rack, addresses: [10.10.0.100/24] }]
traffic:
  - { name: pulse, kind: probe, from: web, to: client, perSecond: 1000 }
  - { name: load, kind: tcp, from: web, to: client, flows: 2 }
phases:
  - { title: Run, lasts: 4s, traffic: [pulse, load], expect: [{ limit: web@eth1, within: 5% }, { probe: pulse, duplicated: 0 }] }
`;

function scenarioFile(name: string): string {
  const directory = mkdtempSync(join(tmpdir(), "gona-lab-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const file = join(directory, `${name}.yaml`);
  writeFileSync(file, SCENARIO);
  return file;
}

const recorded = (lab: string): ProcessIdentity[] => {
  const { children } = labPaths(lab);
  return readdirSync(children).map((file) => JSON.parse(readFileSync(join(children, file), "utf8")) as ProcessIdentity);
};
const mountsOf = (lab: string): number =>
  readFileSync("/proc/self/mountinfo", "utf8").split(labPaths(lab).root).length - 1;

function expectNothingLeft(lab: string): void {
  expect(namespacesOf(lab)).toEqual([]);
  expect(existsSync(labPaths(lab).root)).toBe(false);
  expect(mountsOf(lab)).toBe(0);
}

test("a run leaves nothing behind", async () => {
  const lab = "qt-whole";
  const result = await runQuietly(parseScenario(SCENARIO, "inline", lab));
  expect(brokenPromises(result)).toBe("");
  expectNothingLeft(lab);
});

test("what a crashed run left is swept: processes, mounts, namespaces, files", async () => {
  const lab = "qt-crash";
  onTestFinished(() => sweep(lab));
  const runner = startRun(scenarioFile(lab));
  onTestFinished(() => void runner.kill("SIGKILL"));
  const all = () => (existsSync(labPaths(lab).children) && recorded(lab).length >= 5 ? recorded(lab) : undefined);
  const processes = await waitUntil("daemon, both probes and iperf3 run", all, { withinMs: 60_000 });
  runner.kill("SIGKILL");
  await waitUntil("the run is gone", () => (runner.signalCode === null ? undefined : true), { withinMs: 60_000 });
  expect(namespacesOf(lab).length).toBe(4);
  await labDown(lab);
  expect(processes.filter(isAlive)).toEqual([]);
  expectNothingLeft(lab);
});

test("a lab that another process runs is not swept", async () => {
  const lab = "qt-owned";
  const runner = startRun(scenarioFile(lab));
  const record = () => (existsSync(labPaths(lab).record) ? true : undefined);
  await waitUntil("the lab is claimed", record, { withinMs: 60_000 });
  await expect(sweep(lab)).rejects.toThrow(`being run by process ${runner.pid}`);
  runner.kill("SIGINT");
  await waitUntil("the run ends", () => runner.exitCode ?? undefined, { withinMs: 60_000 });
  expectNothingLeft(lab);
});

test("a pid that went to another process is left alone", async () => {
  const bystander = spawn("sleep", ["60"]);
  onTestFinished(() => void bystander.kill("SIGKILL"));
  const identity = await waitUntil("sleep runs", () => identify(bystander.pid ?? 0), { withinMs: 60_000 });
  const file = scenarioFile("pid");
  writeFileSync(file, JSON.stringify({ ...identity, startTime: "1" }));
  await endRecorded(file);
  expect(isAlive(identity)).toBe(true);
  writeFileSync(file, JSON.stringify(identity));
  await endRecorded(file);
  expect(isAlive(identity)).toBe(false);
});

test("a lab stays up between up and down", async () => {
  const lab = "qt-up";
  onTestFinished(() => sweep(lab));
  const standing = await labUp(scenarioFile(lab));
  expect(namespacesOf(lab).sort()).toEqual([...standing.namespaces].sort());
  const [daemon] = recorded(lab);
  expect(daemon !== undefined && isAlive(daemon)).toBe(true);
  await labDown(lab);
  expect(daemon !== undefined && isAlive(daemon)).toBe(false);
  expectNothingLeft(lab);
});

/** A run in a process of its own, that can be killed. */
function startRun(file: string): ChildProcess {
  const module = new URL("../src/lab-run.ts", import.meta.url).href;
  const program = `import { labRun } from ${JSON.stringify(module)};
    await labRun(${JSON.stringify(file)}, { report: "/dev/null" });`;
  return spawn(process.execPath, ["--input-type=module", "-e", program], { stdio: "ignore" });
}
