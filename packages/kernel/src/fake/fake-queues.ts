import { type HtbClass, type Qdisc, TC_CLSACT, TC_ROOT, type TcHandle, tcHandle } from "../kernel-op.ts";
import { Refusal } from "./refusal.ts";

export interface FakeQdisc {
  readonly parent: TcHandle;
  readonly handle: TcHandle;
  qdisc: Qdisc;
}

export interface FakeClass {
  /** TC_ROOT for a class directly below the qdisc. */
  readonly parent: TcHandle;
  readonly classid: TcHandle;
  htb: HtbClass;
  sent: { bytes: bigint; packets: bigint; drops: bigint; backlogBytes: bigint };
}

export interface FakeFilter {
  readonly preference: number;
  readonly program: string;
  readonly classid: number;
}

const NOTHING_SENT = { bytes: 0n, packets: 0n, drops: 0n, backlogBytes: 0n };

/** Traffic control of one link, by the rules of net/sched that GONA relies on. Throws Refusal. */
export class FakeQueues {
  /** By place: a place holds one qdisc. */
  readonly qdiscs = new Map<TcHandle, FakeQdisc>();
  readonly classes = new Map<TcHandle, FakeClass>();
  /** On the ingress side of clsact. */
  readonly filters = new Map<number, FakeFilter>();
  readonly egressFilters = new Map<number, FakeFilter>();
  #nextAutomatic = 0x8001;
  readonly #offloads: boolean;

  /** @param offloads the NIC can carry out an HTB tree, as mlx5 does */
  constructor(offloads = false) {
    this.#offloads = offloads;
  }

  replaceQdisc(parent: TcHandle, handle: TcHandle, qdisc: Qdisc): void {
    if (qdisc.kind === "other") throw new Refusal("ENOENT", "Specified qdisc kind is unknown");
    if ((qdisc.kind === "clsact") !== (parent === TC_CLSACT))
      throw new Refusal("EINVAL", "clsact has a place of its own");
    if (parent === TC_CLSACT) {
      this.qdiscs.set(parent, { parent, handle: tcHandle(0xffff, 0), qdisc });
      return;
    }
    if (parent !== TC_ROOT) this.#checkGraft(parent);
    const old = this.qdiscs.get(parent);
    if (handle === 0) handle = old?.qdisc.kind === qdisc.kind ? old.handle : tcHandle(this.#nextAutomatic++, 0);
    if ((handle & 0xffff) !== 0) throw new Refusal("EINVAL", "Invalid minor handle");
    const namesake = this.#byHandle(handle);
    if (namesake !== undefined && namesake.parent !== parent) {
      throw new Refusal("EINVAL", "Cannot move an existing qdisc to a different parent");
    }
    if (old?.handle === handle && old.qdisc.kind === "htb" && qdisc.kind === "htb") {
      if (
        old.qdisc.defaultMinor !== qdisc.defaultMinor ||
        old.qdisc.directQueueLength !== qdisc.directQueueLength ||
        old.qdisc.offload !== qdisc.offload
      ) {
        throw new Refusal("EINVAL", "Change operation not supported by specified qdisc");
      }
      return;
    }
    if (qdisc.kind === "htb" && qdisc.offload) this.#checkOffload(parent);
    const changes = old?.handle === handle && old.qdisc.kind === qdisc.kind;
    if (qdisc.kind === "fq_codel") qdisc = fqCodelAsKept(qdisc, changes ? old.qdisc : undefined);
    if (parent === TC_ROOT && !changes) this.#dropRoot();
    else if (!changes) this.#dropQdisc(parent);
    this.qdiscs.set(parent, { parent, handle, qdisc });
    if (changes && qdisc.kind === "tbf") this.#resizeInside(handle, qdisc.limitBytes);
  }

  /** A tbf that is changed tells its limit to the fifo inside (fifo_set_limit in sch_fifo.c). */
  #resizeInside(handle: TcHandle, limitBytes: number): void {
    const inside = this.qdiscs.get(innerPlace(handle));
    if (inside?.qdisc.kind !== "bfifo") return;
    this.qdiscs.set(inside.parent, { ...inside, qdisc: { ...inside.qdisc, limitBytes } });
  }

  deleteQdisc(parent: TcHandle, handle: TcHandle): void {
    if (parent !== TC_ROOT && parent !== TC_CLSACT) this.#checkGraft(parent);
    const qdisc = this.qdiscs.get(parent);
    if (qdisc === undefined || (handle !== 0 && qdisc.handle !== handle)) throw new Refusal("ENOENT", "Invalid handle");
    if (parent === TC_ROOT) this.#dropRoot();
    if (parent === TC_CLSACT) this.filters.clear();
    this.#dropQdisc(parent);
  }

  replaceClass(parent: TcHandle, classid: TcHandle, htb: HtbClass): void {
    const root = this.qdiscs.get(TC_ROOT);
    if (root === undefined || major(root.handle) !== major(classid)) {
      throw new Refusal("ENOENT", "Specified qdisc not found");
    }
    if (root.qdisc.kind !== "htb") throw new Refusal("EINVAL", "Specified qdisc is not classful");
    if (htb.rateBytesPerSecond <= 0 || htb.ceilBytesPerSecond <= 0) throw new Refusal("EINVAL", "");
    if (root.qdisc.offload) htb = offloaded(htb);
    const below = parent === TC_ROOT || parent === root.handle ? TC_ROOT : parent;
    if (below !== TC_ROOT && !this.classes.has(below)) {
      throw new Refusal("ENOENT", "Specified parent class not found");
    }
    const old = this.classes.get(classid);
    if (old !== undefined) {
      // HTB changes quantum and priority of leaves alone, and never moves a class.
      const { quantumBytes, priority } = old.htb;
      old.htb = this.#hasChildren(classid) ? { ...htb, quantumBytes, priority } : htb;
      return;
    }
    // A class that gets a child is no leaf any more: its queue goes.
    if (below !== TC_ROOT) this.#dropQdisc(below);
    this.classes.set(classid, { parent: below, classid, htb, sent: { ...NOTHING_SENT } });
  }

  deleteClass(classid: TcHandle): void {
    if (!this.classes.has(classid)) throw new Refusal("ENOENT", "Specified class not found");
    if (this.#hasChildren(classid)) throw new Refusal("EBUSY", "HTB class in use");
    this.#dropQdisc(classid);
    this.classes.delete(classid);
  }

  /** By preference. */
  filtersAt(hook: "egress" | undefined): readonly FakeFilter[] {
    const filters = hook === undefined ? this.filters : this.egressFilters;
    return [...filters.values()].sort((a, b) => a.preference - b.preference);
  }

  replaceFilter(filter: FakeFilter, hook?: "egress"): void {
    this.#needClsact();
    if (filter.preference < 1 || filter.preference > 0xffff) throw new Refusal("EINVAL", "Invalid priority");
    (hook === undefined ? this.filters : this.egressFilters).set(filter.preference, filter);
  }

  deleteFilter(preference: number): void {
    this.#needClsact();
    if (!this.filters.delete(preference)) {
      throw new Refusal("ENOENT", "Filter with specified priority/protocol not found");
    }
  }

  /** Handle of the qdisc below a leaf class; 0 for the kernel's own invisible one. */
  leafOf(classid: TcHandle): TcHandle {
    return this.qdiscs.get(classid)?.handle ?? (0 as TcHandle);
  }

  #hasChildren(classid: TcHandle): boolean {
    for (const cls of this.classes.values()) if (cls.parent === classid) return true;
    return false;
  }

  #byHandle(handle: TcHandle): FakeQdisc | undefined {
    for (const qdisc of this.qdiscs.values()) if (qdisc.handle === handle) return qdisc;
    return undefined;
  }

  /** With what stands below it. */
  #dropQdisc(place: TcHandle): void {
    const gone = this.qdiscs.get(place);
    this.qdiscs.delete(place);
    if (gone !== undefined && place !== TC_CLSACT) this.qdiscs.delete(innerPlace(gone.handle));
  }

  #checkGraft(parent: TcHandle): void {
    const above = this.#byHandle(tcHandle(major(parent), 0));
    // A tbf has one place below it.
    if (above?.qdisc.kind === "tbf" && parent === innerPlace(above.handle)) return;
    const root = this.qdiscs.get(TC_ROOT);
    if (root === undefined || major(root.handle) !== major(parent)) {
      throw new Refusal("ENOENT", "Failed to find specified qdisc");
    }
    if (!this.classes.has(parent)) throw new Refusal("ENOENT", "Specified class not found");
    if (this.#hasChildren(parent)) throw new Refusal("EINVAL", "Cannot graft below a class that has children");
  }

  #checkOffload(parent: TcHandle): void {
    if (parent !== TC_ROOT) throw new Refusal("EOPNOTSUPP", "HTB must be the root qdisc to use offload");
    if (!this.#offloads) throw new Refusal("EOPNOTSUPP", "hw-tc-offload ethtool feature flag must be on");
  }

  #dropRoot(): void {
    this.classes.clear();
    for (const place of this.qdiscs.keys()) if (place !== TC_CLSACT) this.qdiscs.delete(place);
  }

  #needClsact(): void {
    if (!this.qdiscs.has(TC_CLSACT)) throw new Refusal("EINVAL", "Parent Qdisc doesn't exists");
  }
}

/** By the rules of sch_htb.c and mlx5 (en/qos.c): what they refuse, and the quantum that the kernel derives instead. */
function offloaded(htb: HtbClass): HtbClass {
  if (htb.overheadBytes !== undefined) {
    throw new Refusal("EINVAL", "HTB offload doesn't support the overhead parameter");
  }
  if (htb.quantumBytes !== 0 || htb.priority !== 0) {
    throw new Refusal(
      "EOPNOTSUPP",
      "prio and quantum parameters are not supported by device with HTB offload enabled.",
    );
  }
  const quantumBytes = Math.min(200_000, Math.max(1000, Math.floor(htb.rateBytesPerSecond / 10)));
  return { ...htb, quantumBytes, offload: true };
}

/** What the kernel makes of an fq_codel: times in steps of 1.024 us, and its own number of flows where none is asked for. */
function fqCodelAsKept(asked: FqCodel, before: Qdisc | undefined): FqCodel {
  const isChange = before?.kind === "fq_codel";
  if (isChange && asked.flows !== undefined) throw new Refusal("EINVAL", "");
  const kept = (us: number): number => Math.floor((Math.floor((us * 1000) / 1024) * 1024) / 1000);
  return {
    ...asked,
    flows: (isChange ? before.flows : asked.flows) ?? 1024,
    targetUs: kept(asked.targetUs),
    intervalUs: kept(asked.intervalUs),
  };
}

type FqCodel = Extract<Qdisc, { kind: "fq_codel" }>;

/** The one place below a tbf. */
const innerPlace = (handle: TcHandle): TcHandle => tcHandle(major(handle), 1);
const major = (handle: TcHandle): number => handle >>> 16;
