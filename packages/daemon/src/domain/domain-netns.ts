import {
  createNamespace,
  deleteNamespace,
  HeldNamespace,
  LinuxKernel,
  listNamespaces,
  type NamespaceSource,
} from "@gona/kernel";
import { TRUNK_END_PREFIX } from "@gona/model";

/**
 * The network namespace of a driver domain. While this daemon lives it lives too: somebody who deletes its name takes
 * the name alone, and it is bound again.
 */
export class DomainNetns implements Disposable {
  /** Below /run/netns. */
  readonly name: string;
  readonly #source: NamespaceSource;
  readonly #onMended: (what: string) => void;
  #held: HeldNamespace | undefined;
  #watch: Disposable | undefined;
  /** Why the name could not be bound when that was tried last. */
  #complaint: string | undefined;

  constructor(name: string, source: NamespaceSource, onMended: (what: string) => void) {
    this.name = name;
    this.#source = source;
    this.#onMended = onMended;
  }

  /** Undefined while there is none that is known. */
  get inode(): number | undefined {
    return this.#held?.inode;
  }

  /** The one that a process is in, under whichever name; false when the process is gone. Throws KernelError. */
  takeOf(pid: number): boolean {
    try {
      this.#hold(HeldNamespace.open(`/proc/${pid}/ns/net`));
    } catch {
      return false; // it ended between two looks
    }
    this.#bind("the name of its namespace was gone from /run/netns");
    return true;
  }

  /** The one that has the name. False when there is none. */
  takeNamed(): boolean {
    if (!this.#source.names().ready.includes(this.name)) return false;
    this.#hold(HeldNamespace.open(this.name));
    return true;
  }

  /** One that is known or has the name, or else a new one: true. Throws KernelError. */
  ensure(): boolean {
    if (this.#held !== undefined) {
      this.#bind("the name of its namespace was gone from /run/netns");
      return false;
    }
    if (this.takeNamed()) return false;
    // A file without a namespace is what a crash in the middle leaves.
    if (listNamespaces().includes(this.name)) deleteNamespace(this.name);
    createNamespace(this.name);
    this.#hold(HeldNamespace.open(this.name));
    return true;
  }

  /**
   * Lets it end: NICs that are still in it go to the hub first, since a namespace takes some kinds of links with it and
   * gives others to the machine's first one. Throws KernelError.
   */
  async remove(): Promise<void> {
    if (this.#held === undefined && !this.takeNamed()) return;
    this.#unwatch();
    await this.#emptyOut();
    if (this.#held?.hasName(this.name) === true) deleteNamespace(this.name);
    this[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.#unwatch();
    this.#held?.[Symbol.dispose]();
    this.#held = undefined;
  }

  /**
   * Binds the name again where somebody deleted or took it. To be called now and then as well: a file under /run/netns that
   * is mounted over changes without notice. Somebody who writes the name at the same moment is in the way only this time.
   */
  look(): void {
    try {
      this.#bind("somebody deleted the name of its namespace");
      this.#complaint = undefined;
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      if (!words.includes("EEXIST") && words !== this.#complaint) {
        this.#onMended(`the name of its namespace is gone, and cannot be bound again yet: ${words}`);
      }
      this.#complaint = words;
    }
  }

  #hold(namespace: HeldNamespace): void {
    this[Symbol.dispose]();
    this.#held = namespace;
    this.#watch = this.#source.watch(() => this.look());
  }

  #unwatch(): void {
    this.#watch?.[Symbol.dispose]();
    this.#watch = undefined;
  }

  #bind(why: string): void {
    if (this.#held === undefined || this.#held.hasName(this.name)) return;
    this.#held.bindName(this.name);
    this.#onMended(`${why}; ${this.name} was bound again`);
  }

  async #emptyOut(): Promise<void> {
    using kernel = LinuxKernel.open({ netns: this.name });
    const hub = `/proc/${process.pid}/ns/net`;
    const nics = kernel
      .links()
      .filter(({ name, kind }) => name !== "lo" && !name.startsWith(TRUNK_END_PREFIX) && !COMES_BY_ITSELF.has(kind));
    for (const { name } of nics) await kernel.run([{ op: "linkMove", link: name, netns: hub }]);
  }
}

/** Links that each namespace has of its own where their modules are loaded. */
const COMES_BY_ITSELF: ReadonlySet<string> = new Set([
  "sit",
  "ip6tnl",
  "ipip",
  "gre",
  "gretap",
  "erspan",
  "ip6gre",
  "vti",
  "vti6",
]);
