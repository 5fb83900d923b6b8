import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, it } from "vitest";
import { nic, status } from "./canned.ts";

/** The command as users run it; a busy machine takes seconds to start a process. */
const DEADLINE_MS = 60_000;
const main = new URL("../src/main.ts", import.meta.url).pathname;
const runDir = mkdtempSync(join(tmpdir(), "gona-cli-"));

/** A daemon of canned answers; what it does is tested elsewhere. */
const daemon = createServer((request, response) => {
  const reply = request.url === "/v1/status" ? status() : [nic("eth1")];
  response.writeHead(200).end(JSON.stringify(reply));
});

beforeAll(() => new Promise<void>((done) => daemon.listen(join(runDir, "gona.sock"), done)));
afterAll(() => {
  daemon.closeAllConnections();
  daemon.close();
  rmSync(runDir, { recursive: true });
});

const start = (args: readonly string[]): ChildProcess =>
  spawn(process.execPath, [main, ...args], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, FORCE_COLOR: "1" },
  });

async function gona(args: readonly string[], stdin = "") {
  const child = start(args);
  child.stdin?.end(stdin);
  const [code, out, err] = await Promise.all([
    new Promise<number | null>((done) => child.on("exit", done)),
    text(child.stdout ?? process.stdin),
    text(child.stderr ?? process.stdin),
  ]);
  return { code, out, err };
}

it("a pipe gets JSON alone on standard output, and no colours in tables", { timeout: DEADLINE_MS }, async () => {
  const [json, table] = await Promise.all([
    gona(["status", "--json", "--run-dir", runDir]),
    gona(["status", "--run-dir", runDir]),
  ]);
  expect(json).toMatchObject({ code: 0, err: "" });
  expect(JSON.parse(json.out)).toEqual(status());
  expect(table.code).toBe(0);
  expect(table.out).not.toContain("\u001b");
});

it("bad input is exit code 2, no daemon 3, each with words on standard error alone", {
  timeout: DEADLINE_MS,
}, async () => {
  writeFileSync(join(runDir, "bad.yaml"), "apiVersion: gona/v1\nnics: 3\n");
  const [bad, stdin, nobody] = await Promise.all([
    gona(["check", join(runDir, "bad.yaml")]),
    gona(["check", "-", "--run-dir", join(runDir, "none")], "apiVersion: gona/v1\n"),
    gona(["status", "--run-dir", join(runDir, "none")]),
  ]);
  expect(bad).toMatchObject({ code: 2, out: "" });
  expect(bad.err).toContain('bad.yaml:2:7: nics: found "3", allowed: a list');
  expect(stdin).toMatchObject({ code: 0, out: "<stdin>: good: 0 NICs, 0 guests, 0 slices\n" });
  expect(nobody).toMatchObject({ code: 3, out: "" });
});

it("Ctrl-C ends a watch with exit code 0", { timeout: DEADLINE_MS }, async () => {
  const child = start(["get", "nics", "--watch", "--json", "--run-dir", runDir]);
  const ended = new Promise<number | null>((done) => child.on("exit", done));
  await new Promise((seen) => child.stdout?.once("data", seen));
  child.kill("SIGINT");
  expect(await ended).toBe(0);
});

it("a reader that has seen enough is no error", { timeout: DEADLINE_MS }, async () => {
  const child = start(["get", "nics", "--watch", "--json", "--run-dir", runDir]);
  const ended = new Promise<number | null>((done) => child.on("exit", done));
  const err = text(child.stderr ?? process.stdin);
  await new Promise((seen) => child.stdout?.once("data", seen));
  child.stdout?.destroy();
  expect(await ended).toBe(0);
  expect(await err).toBe("");
});
