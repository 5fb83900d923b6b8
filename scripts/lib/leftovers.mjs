// node leftovers.mjs FILE: what tests left in the namespaces that they ran in (sandbox.sh), as JSON into FILE.
import { existsSync, readdirSync, readFileSync, realpathSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";

/** Processes that were told to end get this long to be gone. */
const GRACE_MS = 3000;
/** Those of driver domains; the tests' hubs are called gona-…. */
const GROUPS = "/sys/fs/cgroup/gona";

/** @returns {string[]} one line for each thing that should not be there any more */
function leftovers() {
  const links = readdirSync("/sys/class/net").filter((name) => name !== "lo");
  const mounts = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  const bpf = mounts.filter((line) => line.includes(" - bpf ")).map((line) => line.split(" ")[4]);
  const named = existsSync("/run/netns") ? readdirSync("/run/netns") : [];
  const groups = existsSync(GROUPS) ? readdirSync(GROUPS).filter((name) => name.startsWith("gona-")) : [];
  // The folder of all labs may stay, empty.
  const runDirs = readdirSync("/run").filter((name) => name.startsWith("gona") && !isEmptyFolder(`/run/${name}`));
  const files = readdirSync(tmpdir()).filter((name) => name.startsWith("gona"));
  return [
    ...named.map((name) => `network namespace ${name}`),
    ...links.map((name) => `link ${name}`),
    ...bpf.map((mount) => `bpffs mounted at ${mount}`),
    ...groups.map((name) => `control group ${name}`),
    ...runDirs.map((name) => `/run/${name}`),
    ...files.map((name) => `${tmpdir()}/${name}`),
    ...strayProcesses().map((words) => `process ${words}`),
  ];
}

/** @param {string} path */
const isEmptyFolder = (path) => statSync(path).isDirectory() && readdirSync(path).length === 0;

/** All but this one, its ancestors and the dead that nobody has buried yet. */
function strayProcesses() {
  const family = new Set(["1"]);
  for (let pid = "self"; pid !== "0" && pid !== ""; pid = parentOf(pid))
    family.add(pid === "self" ? String(process.pid) : pid);
  return readdirSync("/proc")
    .filter((pid) => /^\d+$/.test(pid) && !family.has(pid))
    .flatMap((pid) => {
      const words = read(`/proc/${pid}/cmdline`).replaceAll("\0", " ").trim();
      return words === "" ? [] : [`${pid}: ${words.slice(0, 120)}`];
    });
}

/** @param {string} pid */
const parentOf = (pid) => /^PPid:\s*(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1] ?? "";

/** @param {string} path */
function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // it ended while we looked
  }
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const deadline = Date.now() + GRACE_MS;
  let found = leftovers();
  while (found.length > 0 && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    found = leftovers();
  }
  writeFileSync(process.argv[2] ?? "/dev/stdout", JSON.stringify(found));
}
