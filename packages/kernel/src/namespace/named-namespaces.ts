import { closeSync, mkdirSync, openSync, readdirSync, unlinkSync } from "node:fs";
import { KernelError } from "../kernel-error.ts";
import { check, errnoName } from "../libc/errno.ts";
import { errno, libc } from "../libc/libc.ts";
import { inNewNamespace, NETNS_DIRECTORY, namespacePath } from "./in-namespace.ts";
import { setLoopbackUp } from "./loopback.ts";

const MS_BIND = 0x1000;
const MS_REC = 0x4000;
const MS_SHARED = 1 << 20;
const MNT_DETACH = 2;

/** As `ip netns add`, with the loopback up. Throws KernelError; EEXIST when the name is taken. */
export function createNamespace(name: string): void {
  checkName(name);
  const path = namespacePath(name);
  const operation = `ip netns add ${name}`;
  shareNamespaceDirectory();
  try {
    closeSync(openSync(path, "wx", 0o444));
  } catch (cause) {
    throw new KernelError(operation, codeOf(cause), `${path} cannot be made`, { cause });
  }
  try {
    inNewNamespace(() => {
      check(libc.mount("/proc/thread-self/ns/net", path, "none", MS_BIND, null), operation);
      setLoopbackUp();
    });
  } catch (error) {
    libc.umount2(path, MNT_DETACH);
    unlinkSync(path);
    throw error;
  }
}

/** As `ip netns delete`; false when there is no such name. Processes inside live on in it. */
export function deleteNamespace(name: string): boolean {
  checkName(name);
  const path = namespacePath(name);
  // A file without a mount is what a crash between the two leaves behind.
  if (libc.umount2(path, MNT_DETACH) < 0 && !["EINVAL", "ENOENT"].includes(errnoName(errno()))) {
    check(-1, `ip netns delete ${name}`);
  }
  try {
    unlinkSync(path);
    return true;
  } catch (cause) {
    if (codeOf(cause) === "ENOENT") return false;
    throw new KernelError(`ip netns delete ${name}`, codeOf(cause), `${path} stays`, { cause });
  }
}

/** Names below /run/netns, sorted. */
export function listNamespaces(): readonly string[] {
  try {
    return readdirSync(NETNS_DIRECTORY).sort();
  } catch (cause) {
    if (codeOf(cause) === "ENOENT") return [];
    throw cause;
  }
}

/** Deletes every namespace whose name begins so: what a crash of a lab or test left. Returns their names. */
export function sweepNamespaces(prefix: string): readonly string[] {
  if (prefix.length < 3) throw new RangeError("a prefix this short may sweep what others own");
  return listNamespaces().filter((name) => name.startsWith(prefix) && deleteNamespace(name));
}

/**
 * The command line that runs `argv` inside a namespace. Not `ip netns exec`: that makes a mount
 * namespace of its own, in which our bpffs and its pins are out of sight.
 */
export const enterCommand = (netns: string, argv: readonly string[]): readonly [string, ...string[]] => [
  "nsenter",
  `--net=${namespacePath(netns)}`,
  "--",
  ...argv,
];

/** As `ip netns` does: mounts made below are to be seen in all mount namespaces that share it. */
export function shareNamespaceDirectory(): void {
  mkdirSync(NETNS_DIRECTORY, { recursive: true, mode: 0o755 });
  const share = () => libc.mount("", NETNS_DIRECTORY, "none", MS_SHARED | MS_REC, null);
  if (share() === 0) return;
  if (errnoName(errno()) !== "EINVAL") check(-1, `mount --make-shared ${NETNS_DIRECTORY}`);
  const operation = `mount --bind ${NETNS_DIRECTORY} ${NETNS_DIRECTORY}`;
  check(libc.mount(NETNS_DIRECTORY, NETNS_DIRECTORY, "none", MS_BIND | MS_REC, null), operation);
  check(share(), `mount --make-shared ${NETNS_DIRECTORY}`);
}

function checkName(name: string): void {
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}$/.test(name)) throw new RangeError(`${name} is no name of a namespace`);
}

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "EIO";
