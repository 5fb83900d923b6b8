import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { faultOfSkip } from "../scripts/lib/allowed-skips.mjs";
import { LEVELS, RUN_DEADLINE_MS } from "../scripts/lib/levels.mjs";
import { completeLock, type LockEntry } from "../scripts/lib/lock-file.mjs";
import { DAEMON_FLAGS } from "../scripts/lib/node-cache.mjs";
import { npmPackagesLack } from "../scripts/lib/npm-packages.mjs";
import { runCommand } from "../scripts/lib/run-command.mjs";
import { testRequest } from "../scripts/lib/test-arguments.mjs";

const root = join(import.meta.dirname, "..");

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "gona-scripts-"));
  onTestFinished(() => rmSync(made, { recursive: true }));
  return made;
}

test("without arguments everything is tested; a file's ending says its level", () => {
  expect(testRequest([])).toMatchObject({ levels: LEVELS, checks: true, files: [] });
  const one = testRequest(["packages/lab/test/vm-guest.vm-test.ts", "-t", "tap"]);
  expect(one.levels.map(({ name }) => name)).toEqual(["vm"]);
  expect(one).toMatchObject({ checks: false, pass: ["-t", "tap"] });
  expect(testRequest(["--level=pure,vm"]).levels.map(({ name }) => name)).toEqual(["pure", "vm"]);
  expect(() => testRequest(["--level", "unit"])).toThrow(/no level "unit"/);
  expect(() => testRequest(["--watch"])).toThrow(/does not know --watch/);
});

test("all levels together stay within CI's half hour", () => {
  expect(RUN_DEADLINE_MS).toBeLessThan(29 * 60_000);
  for (const { deadlineMs } of LEVELS) expect(deadlineMs).toBeLessThan(RUN_DEADLINE_MS);
});

test.each([
  ["no reason", undefined, false, "skipped without a reason"],
  ["a feature nobody listed", "needs wifi (Debian's 6.1)", false, "does not list"],
  ["another kernel than the list's", "needs fq (mine)", false, "does not list"],
  ["a feature that is here", "needs fq (Debian's 6.1)", true, "this kernel has it"],
])("a skip with %s counts as failed", async (_, note, here, words) => {
  expect(await faultOfSkip({ name: "x", note }, async () => here)).toContain(words);
});

test("a skip for a listed feature that is not here is in order", async () => {
  expect(await faultOfSkip({ name: "x", note: "needs fq (Debian's 6.1)" }, async () => false)).toBeUndefined();
});

test("the lock file gets the builds that its registry did not have, and loses engines", () => {
  const packages: Record<string, LockEntry> = {
    "": { engines: { node: ">=18" } },
    "node_modules/tool": {
      version: "1.0.0",
      dev: true,
      engines: { node: ">=22" },
      optionalDependencies: { "@tool/linux-x64": "1.0.0", "@tool/linux-arm64-musl": "1.0.0" },
    },
    "node_modules/@tool/linux-x64": { version: "1.0.0", os: ["linux"], cpu: ["x64"], optional: true },
  };
  const done = completeLock({ packages });
  expect(done.packages["node_modules/@tool/linux-arm64-musl"]).toEqual({
    ...{ version: "1.0.0", os: ["linux"], cpu: ["arm64"], libc: ["musl"] },
    ...{ dev: true, optional: true },
  });
  expect(done.packages["node_modules/tool"]).not.toHaveProperty("engines");
  expect(done.packages[""]).toHaveProperty("engines");
  expect(completeLock(done)).toEqual(done);
});

test("node_modules is good when npm's own record equals the lock file, and only then", () => {
  const checkout = folder();
  const write = (path: string, packages: Record<string, LockEntry>): void => {
    mkdirSync(dirname(join(checkout, path)), { recursive: true });
    writeFileSync(join(checkout, path), JSON.stringify({ packages }));
  };
  const own = { version: "1.0.0", os: [process.platform], cpu: [process.arch], optional: true };
  const other = { version: "1.0.0", os: ["win32"], cpu: ["x64"], optional: true };
  const wanted = { "node_modules/a": { version: "1.0.0" }, "node_modules/own": own, "node_modules/other": other };
  write("package-lock.json", wanted);
  expect(npmPackagesLack(checkout)).toBe("not installed yet");

  for (const name of ["a", "own"]) mkdirSync(join(checkout, "node_modules", name), { recursive: true });
  write("node_modules/.package-lock.json", { "node_modules/a": { version: "1.0.0" }, "node_modules/own": own });
  expect(npmPackagesLack(checkout)).toBeUndefined();

  write("node_modules/.package-lock.json", { "node_modules/a": { version: "1.0.0" } });
  expect(npmPackagesLack(checkout)).toBe("node_modules/own is missing");
  write("node_modules/.package-lock.json", { "node_modules/a": { version: "0.9.0" }, "node_modules/own": own });
  expect(npmPackagesLack(checkout)).toBe("node_modules/a is another version");
});

test("a command that is missing, fails or takes too long is an answer, not an exception", async () => {
  expect((await runCommand(["/no/such/program"])).code).toBe(127);
  expect(await runCommand(["sh", "-c", "echo out; echo err >&2; exit 3"])).toMatchObject({ code: 3, stdout: "out\n" });
  expect((await runCommand(["sleep", "60"], { deadlineMs: 50 })).code).toBe(124);
});

test("the launcher works from anywhere, also through a link, and says what to do before set-up", async () => {
  const elsewhere = folder();
  symlinkSync(join(root, "gona"), join(elsewhere, "g"));
  const linked = await runCommand([join(elsewhere, "g"), "--version"], { cwd: elsewhere });
  expect(linked).toMatchObject({ code: 0 });

  symlinkSync(join(root, "packages"), join(elsewhere, "packages"));
  await runCommand(["cp", join(root, "gona"), join(elsewhere, "gona")]);
  const bare = await runCommand([join(elsewhere, "gona"), "--version"]);
  expect(bare.code).toBe(4);
  expect(bare.output).toContain("npm run setup");
});

test("sources are kept without types for the flags that daemons are started with", () => {
  expect(readFileSync(join(root, "gona"), "utf8")).toContain(`quiet="$quiet ${DAEMON_FLAGS.join(" ")}"`);
});
