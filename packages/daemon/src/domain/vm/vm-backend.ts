import type { DomainExecResult } from "@gona/api";
import type { Kernel } from "@gona/kernel";
import { type DomainSpec, GonaError, type MachineSpec, type NicId, type NicSpec } from "@gona/model";
import type { MachineNic } from "@gona/vm";
import type { Clock } from "../../clock.ts";
import type { Logger } from "../../logger.ts";
import { WorkQueue } from "../../work-queue.ts";
import type { BackendEvents, DomainBackend } from "../domain-backend.ts";
import type { DomainFiles } from "../domain-files.ts";
import type { ReadyDomain } from "../ready-domain.ts";
import { endStrays } from "./end-strays.ts";
import { Machine, type MachineOptions } from "./machine.ts";
import { idOf, MachineLinks, UNITS, type Unit } from "./machine-links.ts";
import { type UnitNote, VmFiles } from "./vm-files.ts";
import type { VmHost } from "./vm-host.ts";

export interface VmBackendOptions {
  readonly spec: DomainSpec;
  readonly events: BackendEvents;
  readonly files: DomainFiles;
  readonly clock: Clock;
  readonly log: Logger;
  /** Of the hub. */
  readonly kernel: Kernel;
  readonly host: VmHost;
  /** Tells this hub's machines from another's, in names of control groups. */
  readonly hub: string;
}

/** A spare that does not start is tried again so often, and so many times in a row. */
const SPARE_AGAIN_MS = 1000;
const SPARE_TRIES = 5;
const MEBIBYTE = 2 ** 20;
const DEFAULT_MACHINE: MachineSpec = {
  device: "virtio",
  memory: (128 * MEBIBYTE) as MachineSpec["memory"],
  spare: false,
};

const other = (unit: Unit): Unit => (unit === "a" ? "b" : "a");

/**
 * A driver domain as a virtual machine, and a second one that stands by where the spec says so. What stands in the hub
 * for its NICs, the trunks, outlives the machines: while there is none they have no carrier, which the packet path sees.
 */
export class VmBackend implements DomainBackend {
  readonly #options: VmBackendOptions;
  readonly #files: VmFiles;
  readonly #queue = new WorkQueue();
  readonly #machines = new Map<Unit, Machine>();
  #links: MachineLinks;
  #spec: DomainSpec;
  #active: Unit = "a";
  #held: readonly NicId[] = [];
  #usable: ReadonlySet<NicId> = new Set();
  #ready: ReadyDomain | undefined;
  #spareTries = 0;
  #spareTimer: Disposable | undefined;
  #disposed = false;

  constructor(options: VmBackendOptions) {
    this.#options = options;
    this.#spec = options.spec;
    this.#files = new VmFiles(options.files.directory, options.spec.name);
    this.#links = this.#openLinks();
  }

  get ready(): ReadyDomain | undefined {
    return this.#ready;
  }

  get pid(): number | undefined {
    return this.#machines.get(this.#active)?.pid;
  }

  get spare(): "starting" | "ready" | undefined {
    if (!this.#machine.spare) return undefined;
    return this.#machines.get(other(this.#active))?.lives === true ? "ready" : "starting";
  }

  async exec(script: string): Promise<DomainExecResult> {
    return this.#machineAtWork().run(script);
  }

  /** Throws DOMAIN_FAILED. */
  #machineAtWork(): Machine {
    const machine = this.#machines.get(this.#active);
    if (machine === undefined) throw new GonaError("DOMAIN_FAILED", `domain ${this.#spec.name} has no machine`);
    return machine;
  }

  async adopt(): Promise<boolean> {
    const note = this.#files.read();
    for (const unit of UNITS) {
      const found = note?.units[unit];
      if (found === undefined) continue;
      const nics = found.nics.flatMap((nic) => this.#links.machineNic(nic, unit) ?? []);
      const machine = await Machine.adopt(await this.#machineOptions(unit), found, nics);
      if (machine !== undefined) this.#machines.set(unit, machine);
    }
    const active = [note?.active ?? "a", other(note?.active ?? "a")].find((unit) => this.#machines.has(unit));
    if (active === undefined) return false;
    this.#active = active;
    this.#held = [...this.#links.present()];
    for (const nic of this.#held) await this.#links.join(nic, active);
    this.#tell();
    this.#standBy();
    return true;
  }

  async start(): Promise<void> {
    await this.#queue.run(async () => {
      const unit = other(this.#active);
      if (this.#machines.get(unit)?.lives === true) await this.#switchTo(unit);
      else await this.#startActive();
    });
    this.#tell();
    this.#standBy();
  }

  hold(nics: readonly NicSpec[]): void {
    const names = nics.map(({ name }) => name);
    const same = names.length === this.#held.length && names.every((name) => this.#held.includes(name));
    // One whose link has only now come is to be plugged in as well.
    const isIn = (nic: NicId): boolean => this.#usable.has(nic) || this.#options.kernel.link(nic) === undefined;
    if (same && names.every(isIn)) return;
    this.#held = names;
    if (this.pid !== undefined) void this.#queue.runOnce("hold", () => this.#follow());
  }

  respec(spec: DomainSpec): boolean {
    const before = this.#spec;
    this.#spec = spec;
    return JSON.stringify([before.machine, before.cpus]) === JSON.stringify([spec.machine, spec.cpus]);
  }

  async kill(): Promise<void> {
    const machine = this.#machines.get(this.#active);
    this.#machines.delete(this.#active);
    await machine?.kill();
    this.#options.events.changed();
  }

  async stop(): Promise<void> {
    this.#ready = undefined;
    this.#usable = new Set();
    this.#spareTimer?.[Symbol.dispose]();
    await this.#queue.idle();
    await this.#killAll();
    for (const nic of this.#links.present()) await this.#links.remove(nic);
    this.#files.remove();
    this.#options.files.remove(this.#spec.name);
    this.#options.events.changed();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    this.#spareTimer?.[Symbol.dispose]();
    for (const machine of this.#machines.values()) machine[Symbol.dispose]();
    this.#machines.clear();
    await this.#queue.idle();
    this.#ready = undefined;
  }

  get #machine(): MachineSpec {
    return this.#spec.machine ?? DEFAULT_MACHINE;
  }

  #openLinks(): MachineLinks {
    const { kernel, host } = this.#options;
    const { device, spare } = this.#machine;
    if (device === "vfio") throw new GonaError("SPEC_UNSUPPORTED", "NICs cannot be passed through yet");
    return new MachineLinks({ domain: this.#spec.name, device, spare, kernel, crossings: host.crossings() });
  }

  async #startActive(): Promise<void> {
    // What was left of another spec's or an earlier daemon's machines.
    await this.#killAll();
    this.#links = this.#openLinks();
    const held = this.#held;
    for (const nic of held) {
      await this.#links.ensure(nic);
      await this.#links.cut(nic);
    }
    this.#active = "a";
    await this.#boot("a", held);
    for (const nic of held) await this.#links.join(nic, "a");
    // A boot takes seconds, in which it may have been given others.
    if (this.#held !== held) await this.#follow();
  }

  /** With NICs whose links were made. */
  async #boot(unit: Unit, held: readonly NicId[]): Promise<void> {
    const { files } = this.#options;
    const nics = held.flatMap((nic) => this.#links.machineNic(nic, unit) ?? []);
    await endStrays(this.#files.control(unit));
    const machine = await Machine.start(await this.#machineOptions(unit), nics);
    if (this.#disposed) return machine[Symbol.dispose]();
    this.#machines.set(unit, machine);
    const { pid, startTicks } = machine;
    if (unit === this.#active && pid !== undefined && startTicks !== undefined)
      files.write({ spec: this.#spec, process: { pid, startTicks } });
    this.#note();
  }

  async #machineOptions(unit: Unit): Promise<MachineOptions> {
    const { clock, host, hub } = this.#options;
    const { kernel, initramfs } = await host.image();
    const { kind: acceleration } = await host.acceleration();
    const files = this.#files;
    return {
      clock,
      cpus: this.#spec.cpus,
      behind: unit !== this.#active,
      cgroup: `${hub}.${this.#spec.name}.${unit}`,
      log: files.log(unit),
      lastWords: () => files.lastWords(unit),
      machine: {
        name: `gona-${this.#spec.name}-${unit}`,
        kernel,
        initramfs,
        memoryMebibytes: this.#machine.memory / MEBIBYTE,
        acceleration,
        controlSocket: files.control(unit),
        monitorSocket: files.monitor(unit),
        wordsFile: files.words(unit),
      },
      onLost: (machine, cause) => this.#lost(unit, machine, cause),
    };
  }

  #lost(unit: Unit, machine: Machine, cause: string): void {
    if (this.#machines.get(unit) !== machine || this.#disposed) return;
    this.#machines.delete(unit);
    const { events } = this.#options;
    if (unit !== this.#active) {
      events.mended(`its spare was lost (${cause}) and is started anew`);
      this.#standBy();
      return;
    }
    // The crossings lead to the spare already: the taps of the lost one have no carrier.
    if (this.#machines.get(other(unit))?.lives === true) {
      void this.#queue.run(() => this.#takeOver(other(unit), cause));
      return;
    }
    this.#lostWholly(cause);
  }

  /** `cause`: why the machine at work was lost. The spare may be lost too by the time that this runs, or while it does. */
  async #takeOver(unit: Unit, cause: string): Promise<void> {
    const { events, log } = this.#options;
    if (this.#machines.get(unit)?.lives !== true) return this.#lostWholly(cause);
    try {
      await this.#switchTo(unit);
    } catch (error) {
      // Without its machine: that loss is told by itself, as the machine was at work by then.
      log.warn({ err: error, domain: this.#spec.name }, "the spare of a driver domain did not take over wholly");
      return;
    }
    events.mended(`${cause}: its spare took over, pid ${this.pid}`);
    this.#tell();
    this.#standBy();
  }

  #lostWholly(cause: string): void {
    const { events } = this.#options;
    // Not behind a spare that boots for seconds; and in its turn once more, after whoever joins something now.
    void this.#cutAll();
    void this.#queue.run(() => this.#cutAll());
    events.changed();
    events.lost(cause);
  }

  /** No machine is left: the packet path is to see it. */
  async #cutAll(): Promise<void> {
    const { log } = this.#options;
    try {
      for (const nic of this.#held) await this.#links.cut(nic);
    } catch (error) {
      log.warn({ err: error, domain: this.#spec.name }, "a trunk whose machines are lost keeps its carrier");
    }
  }

  /** From now on that machine is the one at work, and the other the spare. */
  async #switchTo(unit: Unit): Promise<void> {
    const { files } = this.#options;
    this.#active = unit;
    await this.#joinAll();
    const { pid, startTicks } = this.#machineAtWork();
    if (pid !== undefined && startTicks !== undefined) files.write({ spec: this.#spec, process: { pid, startTicks } });
    this.#note();
  }

  async #joinAll(): Promise<void> {
    for (const nic of this.#held) await this.#links.join(nic, this.#active);
  }

  /** Starts a spare behind, where there is to be one. */
  #standBy(): void {
    const unit = other(this.#active);
    if (!this.#machine.spare || this.#machines.has(unit) || this.#disposed) return;
    void this.#queue.runOnce("spare", async () => {
      if (this.#machines.has(other(this.#active)) || this.#disposed || this.pid === undefined) return;
      try {
        await this.#boot(other(this.#active), [...this.#usable]);
        await this.#rehearse(other(this.#active));
        this.#spareTries = 0;
        this.#options.events.changed();
      } catch (error) {
        this.#spareFailed(error);
      }
    });
  }

  /** Frames pass a spare before those of guests have to. */
  async #rehearse(unit: Unit): Promise<void> {
    const { log } = this.#options;
    for (const nic of this.#usable) {
      try {
        const rehearsed = await this.#links.rehearse(nic, unit);
        const isDeaf = rehearsed?.outward === 0 || rehearsed?.inward === 0;
        if (isDeaf) log.warn({ nic, ...rehearsed }, "the spare of a driver domain passes no frames");
        else log.debug({ nic, ...rehearsed }, "frames passed the spare of a driver domain");
      } catch (error) {
        log.warn({ err: error, nic }, "the spare of a driver domain could not be rehearsed");
      } finally {
        await this.#links.lead(nic, this.#active);
      }
    }
  }

  #spareFailed(error: unknown): void {
    const { log, events, clock } = this.#options;
    if (this.#disposed) return;
    log.warn({ err: error, domain: this.#spec.name }, "the spare of a driver domain does not start");
    if (++this.#spareTries === SPARE_TRIES) events.mended(`its spare did not start ${SPARE_TRIES} times: it has none`);
    else this.#spareTimer = clock.after(SPARE_AGAIN_MS * this.#spareTries, () => this.#standBy());
  }

  /** Fits the links in the hub and the cards in the machines to what is held. */
  async #follow(): Promise<void> {
    const { log } = this.#options;
    try {
      const gone = await this.#fitLinks();
      for (const [unit, machine] of this.#machines) {
        for (const nic of gone) await machine.unplug(idOf(nic)).catch(() => undefined);
        for (const nic of this.#held) await this.#plug(machine, this.#links.machineNic(nic, unit));
      }
      for (const nic of gone) await this.#links.remove(nic);
      await this.#joinAll();
      this.#note();
      this.#tell();
    } catch (error) {
      // Tried again when it is asked to hold them the next time: nobody is told, so that this is no circle.
      log.warn({ err: error, domain: this.#spec.name }, "a driver domain could not be given its NICs");
    }
  }

  async #plug(machine: Machine, nic: MachineNic | undefined): Promise<void> {
    if (nic !== undefined && !machine.has(nic.id)) await machine.plug(nic);
  }

  /** NICs that are not held any more, whose links are still there. */
  async #fitLinks(): Promise<readonly NicId[]> {
    for (const nic of this.#held) await this.#links.ensure(nic);
    return [...this.#links.present()].filter((nic) => !this.#held.includes(nic));
  }

  #note(): void {
    const units: Partial<Record<Unit, UnitNote>> = {};
    for (const [unit, { pid, startTicks }] of this.#machines) {
      const nics = this.#held.filter((nic) => this.#machines.get(unit)?.has(idOf(nic)) === true);
      if (pid !== undefined && startTicks !== undefined) units[unit] = { pid, startTicks, nics };
    }
    this.#files.write({ active: this.#active, units });
  }

  /** A NIC stays usable while its machine is lost: its trunk has no carrier then. */
  #tell(): void {
    const machine = this.#machines.get(this.#active);
    const joined = this.#held.filter((nic) => machine?.has(idOf(nic)) === true || this.#usable.has(nic));
    this.#usable = new Set(joined);
    this.#ready = {
      domain: this.#spec.name,
      isolation: "vm",
      netns: undefined,
      writer: undefined,
      nics: this.#usable,
    };
    this.#options.events.changed();
  }

  async #killAll(): Promise<void> {
    const machines = [...this.#machines.values()];
    this.#machines.clear();
    await Promise.all(machines.map((machine) => machine.kill()));
  }
}
