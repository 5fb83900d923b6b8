import type { Kernel } from "@gona/kernel";
import type { FabricId, FabricSpec, HostSpec, LacpRate, NicId } from "@gona/model";
import {
  isResumable,
  LACP_PRIORITY,
  type LacpBundle,
  type LacpMemory,
  type LacpPort,
  type LacpProblem,
  type LacpStanding,
  lacpKey,
  lacpMemory,
  lacpStanding,
  type NicBundling,
} from "@gona/planner";
import type { Clock } from "../clock.ts";
import type { DataPlane } from "../data-plane.ts";
import type { EventLog } from "../event-log.ts";
import type { Hub } from "../hub.ts";
import type { LinkChange, LinkTable } from "../link-table.ts";
import type { Logger } from "../logger.ts";
import type { NicMonitor } from "../nic-monitor.ts";
import type { Store } from "../store.ts";
import { type FrameSource, LacpActor } from "./lacp-actor.ts";

export interface LacpMonitorOptions {
  /** Absent: nothing can be heard, and every fabric counts as a static bundle. */
  readonly frames: FrameSource | undefined;
  readonly kernel: Pick<Kernel, "link">;
  readonly dataPlane: Pick<DataPlane, "sendFrame" | "queuedBytes">;
  readonly links: LinkTable;
  readonly hub: Pick<Hub, "lastKnown">;
  readonly nics: () => Pick<NicMonitor, "bundle" | "standing">;
  readonly store: Pick<Store, "lacpMemories" | "setLacpMemory">;
  readonly clock: Clock;
  readonly events: EventLog;
  readonly log: Logger;
  /** Some NIC may be used otherwise than before. */
  readonly onChange: (reason: string) => void;
}

/** A port as it is, with the fabric's actor. */
export interface LacpPortStanding extends LacpStanding {
  readonly bundle: LacpBundle;
  readonly port: LacpPort;
  /** Wall clock, of the mux state. */
  readonly sinceMs: number;
}

interface Told {
  readonly muxSinceMs: number;
  readonly distributing?: boolean | undefined;
  readonly bundling?: NicBundling | undefined;
  readonly problem?: LacpProblem | undefined;
  readonly partner?: string | undefined;
  readonly memory?: string | undefined;
}

/** LACP on every fabric whose bundle is negotiated, and what its ports mean for their NICs. */
export class LacpMonitor implements Disposable {
  readonly #options: LacpMonitorOptions;
  readonly #actors = new Map<FabricId, LacpActor>();
  readonly #told = new Map<NicId, Told>();
  /** What a daemon before this one left; each is good for one port, once. */
  readonly #memories: Map<NicId, LacpMemory>;

  constructor(options: LacpMonitorOptions) {
    this.#options = options;
    this.#memories = new Map(options.store.lacpMemories());
  }

  /** Ports for the NICs of this spec that the hub holds, and none else. */
  track(spec: HostSpec | undefined): void {
    const wanted = new Map(this.#negotiated(spec).map((fabric) => [fabric.name, fabric] as const));
    const nicsOf = Map.groupBy(spec?.nics ?? [], ({ fabric }) => fabric);
    for (const [name, actor] of this.#actors) {
      const nics = wanted.has(name) ? (nicsOf.get(name) ?? []) : [];
      for (const nic of actor.bundle.ports.keys()) {
        if (!nics.some((one) => one.name === nic)) this.#drop(actor, nic, true);
      }
      if (wanted.has(name)) continue;
      actor[Symbol.dispose]();
      this.#actors.delete(name);
    }
    for (const { name, lacp } of wanted.values()) {
      const nics = (nicsOf.get(name) ?? []).map((nic) => nic.name);
      this.#trackFabric(name, nics, lacp);
    }
  }

  linkChanged({ kind, name }: LinkChange): void {
    const nic = name as NicId;
    const actor = this.#actorOf(nic);
    if (actor === undefined) return;
    if (kind === "carrier") actor.feed({ kind: "carrier", nic, up: this.#options.links.isAlive(name) });
    // What appears, or took the place of another, comes back once the hub holds it.
    else this.#drop(actor, nic, false);
  }

  /** The drained NIC's queues are empty. */
  leave(nic: NicId): void {
    const actor = this.#actorOf(nic);
    if (actor !== undefined) this.#keepOut(actor, nic);
  }

  /** The NIC is about to be given back after a drain: until it is bundled again it carries nothing. */
  release(nic: NicId): void {
    if (this.#actorOf(nic)?.bundle.ports.get(nic)?.standby !== true) return;
    this.#options.nics().bundle(nic, false, "it rejoins its LACP bundle");
    this.#told.set(nic, { ...this.#toldOf(nic), distributing: false });
  }

  /** Why a NIC may carry nothing yet; undefined where LACP has no say or does not object. */
  objection(nic: NicId, spec: HostSpec): string | undefined {
    const fabric = this.#fabricOf(nic, spec);
    if (fabric === undefined || this.#isLeftBundled(nic, fabric)) return undefined;
    const standing = this.standing(nic);
    return standing?.distributing === true ? undefined : (standing?.cause ?? "it looks for a LACP partner");
  }

  /** Inventory.nicsBundling. */
  bundlingOf(spec: HostSpec): ReadonlyMap<NicId, NicBundling> {
    const nics = spec.nics.flatMap(({ name }) => {
      const fabric = this.#fabricOf(name, spec);
      if (fabric === undefined || this.#isLeftBundled(name, fabric)) return [];
      const bundling = bundlingFor(this.standing(name));
      return bundling === undefined ? [] : [[name, bundling] as const];
    });
    return new Map(nics);
  }

  /** Undefined for a NIC without LACP, or whose port is not open yet. */
  standing(nic: NicId): LacpPortStanding | undefined {
    const bundle = this.#actorOf(nic)?.bundle;
    const port = bundle?.ports.get(nic);
    if (bundle === undefined || port === undefined) return undefined;
    return { ...lacpStanding(bundle, port), bundle, port, sinceMs: this.#toldOf(nic).muxSinceMs };
  }

  /** The bundles stand, and the partners hear so once more. */
  [Symbol.dispose](): void {
    for (const actor of this.#actors.values()) {
      actor.farewell();
      actor[Symbol.dispose]();
    }
    this.#actors.clear();
  }

  #trackFabric(fabric: FabricId, nics: readonly NicId[], rate: LacpRate): void {
    const { hub, kernel, links } = this.#options;
    const there = nics.flatMap((nic) => {
      const entry = hub.lastKnown.nics.get(nic);
      const mac = kernel.link(nic)?.mac;
      return entry === undefined || entry.stale || mac === undefined ? [] : [{ nic, mac, number: entry.slot + 1 }];
    });
    const actor = this.#actors.get(fabric) ?? (there.length > 0 ? this.#open(fabric, nics, there, rate) : undefined);
    if (actor === undefined) return;
    if (actor.bundle.rate !== rate) actor.feed({ kind: "rate", rate });
    for (const { nic, mac, number } of there) {
      const known = actor.bundle.ports.get(nic);
      if (known === undefined) this.#add(actor, fabric, nic, mac, number);
      this.#keepOut(actor, nic);
      actor.feed({ kind: "carrier", nic, up: links.isAlive(nic) });
    }
  }

  #open(
    fabric: FabricId,
    nics: readonly NicId[],
    there: readonly { readonly mac: string }[],
    rate: LacpRate,
  ): LacpActor {
    const { frames, dataPlane, clock, log } = this.#options;
    if (frames === undefined) throw new RangeError("no source of frames");
    // The id under which ports already run stays, also when its NIC is gone: another would tear the bundle down.
    const left = nics.find((nic) => this.#isLeftBundled(nic, fabric));
    const system = (left && this.#memories.get(left)?.system) ?? there.map(({ mac }) => mac).sort()[0] ?? "";
    const bundle = { system, systemPriority: LACP_PRIORITY, key: lacpKey(fabric), rate, ports: new Map() };
    const actor: LacpActor = new LacpActor({
      bundle,
      frames,
      clock,
      send: (nic, frame) => dataPlane.sendFrame(nic, frame),
      onChange: (before, now) => this.#changed(actor, before, now),
      onError: (nic, err) => log.debug({ err, nic }, "a LACP frame could not be sent"),
    });
    this.#actors.set(fabric, actor);
    return actor;
  }

  #add(actor: LacpActor, fabric: FabricId, nic: NicId, mac: string, number: number): void {
    const memory = this.#isLeftBundled(nic, fabric) ? this.#memories.get(nic) : undefined;
    this.#memories.delete(nic);
    const isGood = memory !== undefined && isResumable(actor.bundle, number, memory);
    try {
      actor.add({ kind: "added", nic, number, ...(isGood ? { memory } : {}) }, mac);
    } catch (err) {
      this.#options.log.warn({ err, nic }, "LACP cannot be spoken on the NIC");
    }
  }

  #drop(actor: LacpActor, nic: NicId, leaving: boolean): void {
    if (!actor.bundle.ports.has(nic)) return;
    actor.remove(nic, leaving);
    this.#told.delete(nic);
    this.#remember(nic, undefined);
    // Without LACP there is no bundle to wait for; with it, the next port begins anew.
    this.#options.nics().bundle(nic, leaving, leaving ? "LACP has no say any more" : "its LACP port is gone");
  }

  /**
   * A drained NIC leaves the bundle once nobody's flows go by it and nothing waits in its queues, for the switch takes
   * no frame more by that port: then it sends nothing by it either.
   */
  #keepOut(actor: LacpActor, nic: NicId): void {
    const { hub, nics, dataPlane } = this.#options;
    const drained = nics().standing(nic)?.phase === "draining";
    const isUsed = () =>
      [...hub.lastKnown.vifs.values()].some((vif) => {
        const number = vif.slices.findIndex((slice) => slice?.nic === nic);
        return number >= 0 && vif.buckets.includes(number);
      });
    const isOut = actor.bundle.ports.get(nic)?.standby === true;
    const on = drained && !isUsed() && (isOut || dataPlane.queuedBytes(nic) === 0n);
    actor.feed({ kind: "standby", nic, on });
  }

  #changed(actor: LacpActor, before: LacpPort | undefined, port: LacpPort): void {
    const { clock, onChange } = this.#options;
    const { nic } = port;
    const known = this.#toldOf(nic);
    const standing = lacpStanding(actor.bundle, port);
    const memory = lacpMemory(actor.bundle, port);
    const bundling = bundlingFor({ ...standing, port });
    const told: Told = {
      muxSinceMs: before?.mux === port.mux ? known.muxSinceMs : clock.nowMs(),
      // What a drained NIC's port does is the drain's doing.
      distributing: port.standby ? known.distributing : standing.distributing,
      bundling,
      problem: standing.problem,
      partner: standing.distributing ? port.partner?.system : known.partner,
      memory: memory && JSON.stringify(memory),
    };
    this.#told.set(nic, told);
    if (told.memory !== known.memory) this.#remember(nic, memory);
    this.#tell(nic, known, told, standing);
    if (told.bundling !== known.bundling) onChange(`NIC ${nic}: ${standing.cause}`);
  }

  #tell(nic: NicId, known: Told, told: Told, { cause, distributing }: LacpStanding): void {
    const { nics, events } = this.#options;
    if (told.problem !== undefined && told.problem !== known.problem) {
      events.record({ kind: "lacp-problem", subject: nic, message: `NIC ${nic}: ${cause}` });
    }
    if (distributing && told.partner !== undefined && told.distributing !== known.distributing) {
      events.record({ kind: "lacp-bundled", subject: nic, message: `NIC ${nic} is ${cause}` });
    }
    if (told.distributing !== undefined && told.distributing !== known.distributing) {
      nics().bundle(nic, told.distributing, cause);
    }
  }

  /** A disk that is full costs the next daemon a negotiation, no more. */
  #remember(nic: NicId, memory: LacpMemory | undefined): void {
    const { store, log } = this.#options;
    try {
      store.setLacpMemory(nic, memory);
    } catch (err) {
      log.warn({ err, nic }, "the state of LACP cannot be kept for the next daemon");
    }
  }

  #toldOf(nic: NicId): Told {
    return this.#told.get(nic) ?? { muxSinceMs: this.#options.clock.nowMs() };
  }

  #actorOf(nic: NicId): LacpActor | undefined {
    return [...this.#actors.values()].find(({ bundle }) => bundle.ports.has(nic));
  }

  /** The kernel still uses it as the daemon before this one left it, and no port of ours has looked yet. */
  #isLeftBundled(nic: NicId, fabric: FabricId): boolean {
    const { hub, links } = this.#options;
    const entry = hub.lastKnown.nics.get(nic);
    const memory = this.#memories.get(nic);
    if (memory === undefined || entry === undefined || entry.stale || entry.bundle !== undefined) return false;
    const system = this.#actors.get(fabric)?.bundle.system ?? memory.system;
    return links.isAlive(nic) && isResumable({ system }, entry.slot + 1, memory);
  }

  #fabricOf(nic: NicId, spec: HostSpec): FabricId | undefined {
    const name = spec.nics.find((one) => one.name === nic)?.fabric;
    return this.#negotiated(spec).find((fabric) => fabric.name === name)?.name;
  }

  #negotiated(spec: HostSpec | undefined): readonly (FabricSpec & { readonly lacp: LacpRate })[] {
    if (this.#options.frames === undefined) return [];
    return (spec?.fabrics ?? []).flatMap((fabric) => (fabric.lacp ? [{ ...fabric, lacp: fabric.lacp }] : []));
  }
}

/** What a drained port hears is still for the guests: the switch stops when it has been told. */
function bundlingFor(standing: Pick<LacpPortStanding, "distributing" | "selected" | "port"> | undefined) {
  if (standing?.distributing === true) return undefined;
  return standing?.selected === true || standing?.port.standby === true ? "joining" : "apart";
}
