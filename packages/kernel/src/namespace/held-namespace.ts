import { closeSync, fstatSync, openSync, statSync } from "node:fs";
import { check } from "../libc/errno.ts";
import { Fd } from "../libc/fd.ts";
import { libc } from "../libc/libc.ts";
import { namespacePath } from "./in-namespace.ts";
import { deleteNamespace, shareNamespaceDirectory } from "./named-namespaces.ts";

const MS_BIND = 0x1000;

/** A network namespace that lives at least as long as this object, whatever becomes of its name. */
export class HeldNamespace implements Disposable {
  /** Names it on this machine. */
  readonly inode: number;
  readonly #fd: Fd;

  private constructor(fd: Fd) {
    this.#fd = fd;
    this.inode = fstatSync(fd.number).ino;
  }

  /** By name or path. Throws KernelError. */
  static open(netns: string): HeldNamespace {
    return new HeldNamespace(Fd.open(namespacePath(netns)));
  }

  /** For whoever opens it while it is held, with or without a name. */
  get path(): string {
    return `/proc/${process.pid}/fd/${this.#fd.number}`;
  }

  /** Whether a name below /run/netns is this namespace's. */
  hasName(name: string): boolean {
    try {
      return statSync(namespacePath(name)).ino === this.inode;
    } catch {
      return false;
    }
  }

  /** Gives it a name, as `ip netns attach`; whatever had that name loses it. Throws KernelError. */
  bindName(name: string): void {
    shareNamespaceDirectory();
    deleteNamespace(name);
    const path = namespacePath(name);
    closeSync(openSync(path, "wx", 0o444));
    if (libc.mount(this.path, path, "none", MS_BIND, null) === 0) return;
    const failed = () => check(-1, `ip netns attach ${name}`);
    try {
      failed();
    } finally {
      deleteNamespace(name);
    }
  }

  [Symbol.dispose](): void {
    this.#fd.close();
  }
}
