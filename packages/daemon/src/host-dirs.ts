import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { GonaError } from "@gona/model";

/** Makes a directory and sees that it can be written. Throws STORAGE. */
export function ensureDirectory(path: string, option: string): void {
  try {
    makeDirectory(path);
    accessSync(path, constants.W_OK | constants.X_OK);
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause);
    throw new GonaError("STORAGE", `cannot use ${path}: ${words}`, { hint: `name another with ${option}` }, { cause });
  }
}

/**
 * One directory at a time: Node's own recursive mkdir tries for ever where the kernel says ENOENT
 * below a directory that is there (/proc), and calls a read-only file system ENOENT.
 */
function makeDirectory(path: string): void {
  if (existsSync(path)) {
    mkdirSync(path, { recursive: true }); // Throws where it is a file.
    return;
  }
  makeDirectory(dirname(path));
  mkdirSync(path, { mode: 0o755 });
}

const pidPath = (runDir: string): string => join(runDir, "gona.pid");

/** Says whose run dir it is, until disposed. Throws STORAGE. */
export function writePid(runDir: string): Disposable {
  try {
    writeFileSync(pidPath(runDir), `${process.pid}\n`);
  } catch (cause) {
    throw new GonaError("STORAGE", `cannot write ${pidPath(runDir)}`, {}, { cause });
  }
  return { [Symbol.dispose]: () => rmSync(pidPath(runDir), { force: true }) };
}

/** Pid of the daemon that holds a run dir; undefined when it did not say. */
export function readPid(runDir: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(pidPath(runDir), "utf8"), 10);
    return Number.isNaN(pid) ? undefined : pid;
  } catch {
    // Only a nicer message hangs on it.
    return undefined;
  }
}
