import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { expect, test, vi } from "vitest";
import { CgroupLeaf } from "./cgroup-leaf.ts";
import { onCpus } from "./on-cpus.ts";
import { processFacts } from "./process-facts.ts";
import { ProcessHandle } from "./process-handle.ts";

const sleeper = () => spawn("sleep", ["600"], { stdio: "ignore" });
const allowed = (pid: number | undefined): string =>
  /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "";

test("a process is killed by its descriptor, and its end is told", async () => {
  const child = sleeper();
  using handle = ProcessHandle.open(Number(child.pid));
  expect(handle?.startTicks).toBe(processFacts(Number(child.pid))?.startTicks);
  const gone = once(child, "exit");
  expect(handle?.kill("SIGKILL")).toBe(true);
  await handle?.exited;
  expect(await gone).toEqual([null, "SIGKILL"]);
  expect(handle?.kill("SIGKILL")).toBe(false);
  expect(ProcessHandle.open(Number(child.pid))).toBeUndefined();
});

test("a process whose first thread has ended lives on in the others, and in its control group", async () => {
  const words = "import ctypes, threading, time; threading.Thread(target=time.sleep, args=(600,)).start()";
  const child = spawn("/usr/bin/python3", ["-c", `${words}; ctypes.CDLL(None).pthread_exit(0)`], { stdio: "ignore" });
  const pid = Number(child.pid);
  // Undefined without cgroup v2; the test below says so by its skip.
  const leaf = CgroupLeaf.make("gona-k-headless");
  leaf?.add(pid);
  await vi.waitFor(() => expect(processFacts(pid)).toMatchObject({ state: "Z", threads: 2 }), { timeout: 20_000 });
  using handle = ProcessHandle.open(pid);
  if (leaf !== undefined) expect(leaf.remove()).toBe(false);
  expect(handle?.kill("SIGKILL")).toBe(true);
  await handle?.exited;
  if (leaf !== undefined) expect(leaf.remove()).toBe(true);
});

test("a process that began at another time is another one", async () => {
  const child = sleeper();
  const facts = processFacts(Number(child.pid));
  expect(ProcessHandle.open(Number(child.pid), Number(facts?.startTicks) + 1)).toBeUndefined();
  using handle = ProcessHandle.open(Number(child.pid), facts?.startTicks);
  handle?.kill("SIGKILL");
  await once(child, "exit");
});

test("what is spawned on some CPUs stays there, and the thread itself is set free", async () => {
  const before = allowed(process.pid);
  const child = onCpus([0], sleeper);
  expect(allowed(child.pid)).toBe("0");
  expect(allowed(process.pid)).toBe(before);
  expect(() => onCpus([1023], sleeper)).toThrow(/sched_setaffinity 1023: EINVAL/);
  expect(() => onCpus([-1], sleeper)).toThrow(RangeError);
  child.kill("SIGKILL");
  await once(child, "exit");
});

test("a control group takes a process and goes when that is gone", async (context) => {
  if (!readFileSync("/proc/mounts", "utf8").includes(" cgroup2 ")) context.skip("needs cgroup2 (Debian's 6.1)");
  const leaf = CgroupLeaf.make("gona-k-leaf", 64 * 2 ** 20);
  const child = sleeper();
  expect(leaf?.add(Number(child.pid))).toBe(true);
  expect(readFileSync(`/proc/${child.pid}/cgroup`, "utf8")).toContain("/gona/gona-k-leaf");
  leaf?.remove();
  expect(CgroupLeaf.all("gona-k-").map(({ path }) => path)).toEqual([leaf?.path]);
  child.kill("SIGKILL");
  await once(child, "exit");
  leaf?.remove();
  expect(CgroupLeaf.find("gona-k-leaf")).toBeUndefined();
});
