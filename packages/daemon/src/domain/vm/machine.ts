import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { type ProcessFacts, processFacts, setTapCarriers } from "@gona/kernel";
import { GonaError } from "@gona/model";
import {
  type DeviceState,
  DomainChannel,
  type DomainMachine,
  domainArguments,
  type MachineNic,
  Monitor,
  plugs,
  QEMU,
} from "@gona/vm";
import type { Clock } from "../../clock.ts";
import { DomainProcess, type Witness } from "../domain-process.ts";
import { Pulse } from "./pulse.ts";

export interface MachineOptions {
  readonly clock: Clock;
  readonly machine: Omit<DomainMachine, "nics">;
  readonly cpus?: readonly number[] | undefined;
  /** Nobody waits for it: it boots with what others leave of the CPUs. */
  readonly behind: boolean;
  /** Name of its control group, unique on this host. */
  readonly cgroup: string;
  readonly log: string;
  readonly lastWords: () => string;
  /** It is gone, once; not where it was killed on purpose. */
  readonly onLost: (machine: Machine, cause: string) => void;
}

/** An emulated processor on a busy host boots slowly. */
const BOOT_MS = 180_000;
/** Of a machine that boots behind the one at work, which an emulated processor would keep from its turns. */
const BEHIND_NICE = 10;
const CONNECT_AGAIN_MS = 20;
/** Of silence, looked at so often. A stopped process is hung at once; one that works on without an answer later. */
const LOOK_MS = 50;
const HUNG_MS = 2000;
const HUNG_TICKS = 100;
const IDLE_HUNG_MS = 15_000;
/** So long may a script of the operator's take. */
const SCRIPT_MS = 60_000;
/** A driver that let a device go may come back by itself. */
const GONE_MS = 1000;

/** One QEMU process with its guest: booted or taken over, watched, and its devices' health shown as carriers of its taps. */
export class Machine implements Disposable {
  readonly #options: MachineOptions;
  readonly #nics = new Map<string, MachineNic>();
  readonly #devices = new Map<string, DeviceState>();
  #process: DomainProcess | undefined;
  #monitor: Monitor | undefined;
  #channel: DomainChannel | undefined;
  #pulse: Pulse | undefined;
  #look: Disposable | undefined;
  #heard: ProcessFacts | undefined;
  #firstAnswer = Promise.withResolvers<void>();
  #cause: string | undefined;
  #ended = false;

  private constructor(options: MachineOptions) {
    this.#options = options;
    this.#firstAnswer.promise.catch(() => undefined);
  }

  /** Boots one, with these NICs joined. Throws GonaError; no process is left then. */
  static async start(options: MachineOptions, nics: readonly MachineNic[]): Promise<Machine> {
    const machine = new Machine(options);
    try {
      await machine.#boot(nics);
      return machine;
    } catch (error) {
      const cause = machine.#cause;
      await machine.kill();
      if (cause !== undefined) throw new GonaError("DOMAIN_FAILED", cause, {}, { cause: error });
      throw error;
    }
  }

  /** Takes over what an earlier daemon started; undefined when it is gone or does not answer. */
  static async adopt(
    options: MachineOptions,
    process: { readonly pid: number; readonly startTicks: number },
    nics: readonly MachineNic[],
  ): Promise<Machine | undefined> {
    const machine = new Machine(options);
    machine.#process = DomainProcess.adopt(process, options.cgroup, machine.#witness);
    if (machine.#process === undefined) return undefined;
    try {
      if (machine.#process.isStopped) throw new GonaError("DOMAIN_FAILED", "it was stopped");
      await machine.#connect(ADOPT_MS);
      for (const nic of nics) machine.#nics.set(nic.id, nic);
      await machine.#channel?.devices();
      machine.#watch();
      return machine;
    } catch {
      await machine.kill();
      return undefined;
    }
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  get startTicks(): number | undefined {
    return this.#process?.startTicks;
  }

  /** It answers, or did a moment ago. */
  get lives(): boolean {
    return !this.#ended && this.#pulse?.silent === false;
  }

  has(id: string): boolean {
    return this.#nics.has(id);
  }

  /** Gives it a NIC: card and trunk are plugged in while it runs, and joined. Throws DOMAIN_FAILED. */
  async plug(nic: MachineNic): Promise<void> {
    try {
      for (const { backend, device } of plugs(nic)) {
        await this.#monitor?.ask("netdev_add", backend);
        this.#setCarriers(new Map([[String(backend.ifname), false]]));
        await this.#monitor?.ask("device_add", device);
      }
      await this.#join(nic);
    } catch (error) {
      await this.#unplug(nic).catch(() => undefined);
      throw error;
    }
  }

  /** Takes a NIC away; it is not there any more even where this throws. */
  async unplug(id: string): Promise<void> {
    const nic = this.#nics.get(id);
    this.#nics.delete(id);
    this.#devices.delete(id);
    if (nic === undefined || this.#ended) return;
    await this.#channel?.unjoin(id);
    await this.#unplug(nic);
  }

  /** Runs a shell script in the guest. Throws DOMAIN_FAILED. */
  async run(script: string): Promise<{ readonly code: number; readonly output: string }> {
    if (this.#channel === undefined) throw new GonaError("DOMAIN_FAILED", "the virtual machine is not up");
    const answer = this.#channel.run(script);
    using stack = new DisposableStack();
    const late = new Promise<never>((_, reject) => {
      const words = `the script had not ended after ${SCRIPT_MS / 1000} s, and goes on in the virtual machine`;
      stack.use(this.#options.clock.after(SCRIPT_MS, () => reject(new GonaError("DOMAIN_FAILED", words))));
    });
    return Promise.race([answer, late]);
  }

  /** Ends it on purpose; settles when it is gone. */
  async kill(): Promise<void> {
    this.#ended = true;
    const process = this.#process;
    this.#close();
    await process?.kill();
  }

  /** Lets go; it runs on. */
  [Symbol.dispose](): void {
    this.#ended = true;
    this.#close();
    this.#process?.[Symbol.dispose]();
  }

  async #unplug(nic: MachineNic): Promise<void> {
    for (const { backend, device } of plugs(nic)) {
      await this.#monitor?.ask("device_del", { id: device.id });
      // The tap is closed at once; the card goes when the guest lets it go.
      await this.#monitor?.ask("netdev_del", { id: backend.id });
    }
  }

  async #boot(nics: readonly MachineNic[]): Promise<void> {
    const { machine, cpus, behind, cgroup, log } = this.#options;
    const words = domainArguments({ ...machine, nics }, process.arch);
    if (words === undefined)
      throw new GonaError("NO_LIBRARY", `isolation vm is built for x86-64 alone, not for ${process.arch}`);
    const argv = [QEMU, ...words] as const;
    const nice = behind ? BEHIND_NICE : undefined;
    this.#process = await DomainProcess.spawn({ ...this.#witness, argv, cpus, nice, cgroup, log });
    this.#process.pipe?.destroy();
    await this.#connect(BOOT_MS);
    for (const nic of nics) await this.#join(nic);
    if (behind) this.#process.hurry();
    this.#watch();
  }

  async #connect(withinMs: number): Promise<void> {
    const { machine, clock } = this.#options;
    const until = clock.monotonicMs() + withinMs;
    const late = delay(withinMs, undefined, { ref: false }).then(() => {
      throw new GonaError("DOMAIN_FAILED", `the virtual machine does not answer after ${withinMs / 1000} s`);
    });
    late.catch(() => undefined);
    this.#monitor = await this.#again(until, () =>
      Monitor.open(machine.monitorSocket, ({ event, data }) => {
        if (event === "GUEST_PANICKED") this.#cause ??= "its kernel panicked";
        if (event === "SHUTDOWN" && data?.guest === true) this.#cause ??= "its guest ended";
      }),
    );
    // QEMU has opened the taps by now, and they have a carrier: nothing is behind them yet.
    if (withinMs === BOOT_MS) this.#setCarriers(undefined);
    const events = {
      answered: () => this.#answered(),
      device: (id: string, state: DeviceState) => this.#device(id, state),
    };
    this.#channel = await this.#again(until, () => DomainChannel.open(machine.controlSocket, events));
    this.#channel.ping();
    await Promise.race([this.#firstAnswer.promise, late]);
  }

  /** QEMU makes its sockets a moment after it was started. */
  async #again<T>(untilMs: number, open: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await open();
      } catch (error) {
        if (this.#ended || this.#cause !== undefined || this.#options.clock.monotonicMs() > untilMs) throw error;
        await delay(CONNECT_AGAIN_MS);
      }
    }
  }

  async #join(nic: MachineNic): Promise<void> {
    await this.#channel?.join(nic);
    this.#nics.set(nic.id, nic);
    // Some cards negotiate with a link that is only played, for seconds.
    const until = this.#options.clock.monotonicMs() + CARRIER_MS;
    do await this.#channel?.devices();
    while (this.#devices.get(nic.id) !== "up" && this.#options.clock.monotonicMs() < until && (await pause()));
    this.#showCarriers();
  }

  #watch(): void {
    this.#pulse = new Pulse({
      clock: this.#options.clock,
      ping: () => this.#channel?.ping(),
      isStopped: () => this.#process?.isStopped === true,
      onSilent: () => this.#silent(),
      onHeard: () => this.#showCarriers(),
    });
    this.#showCarriers();
  }

  #answered(): void {
    this.#firstAnswer.resolve();
    this.#pulse?.answered();
  }

  #silent(): void {
    this.#heard = this.pid === undefined ? undefined : processFacts(this.pid);
    this.#showCarriers();
    this.#lookLater();
  }

  #lookLater(): void {
    this.#look?.[Symbol.dispose]();
    this.#look = this.#options.clock.after(LOOK_MS, () => {
      if (this.#ended || this.#pulse?.silent !== true) return;
      if (this.#isHung(this.#pulse.silentMs)) this.#end(`it hung: no answer for ${this.#pulse.silentMs} ms`);
      else this.#lookLater();
    });
  }

  #isHung(silentMs: number): boolean {
    const now = this.pid === undefined ? undefined : processFacts(this.pid);
    // Of one that is gone, its end is told by itself, with the reason.
    if (now === undefined || now.state === "Z") return false;
    if (this.#process?.isStopped === true || silentMs >= IDLE_HUNG_MS) return true;
    return silentMs >= HUNG_MS && now.cpuTicks - (this.#heard?.cpuTicks ?? 0) >= HUNG_TICKS;
  }

  #device(id: string, state: DeviceState): void {
    this.#devices.set(id, state);
    this.#showCarriers();
    if (state !== "gone") return;
    this.#options.clock.after(GONE_MS, () => {
      if (this.#nics.has(id) && this.#devices.get(id) === "gone")
        this.#end(`the driver of its device behind ${this.#nics.get(id)?.trunk.tap} let it go`);
    });
  }

  /** The packet path takes a tap without a carrier for dead, and needs nobody's word. */
  #showCarriers(): void {
    const carriers = new Map<string, boolean>();
    for (const [id, { trunk, device }] of this.#nics) {
      const alive = this.#pulse?.silent !== true && this.#devices.get(id) === "up";
      carriers.set(trunk.tap, alive).set(device.tap, alive);
    }
    this.#setCarriers(carriers);
  }

  /** Undefined: none of them has one. */
  #setCarriers(carriers: ReadonlyMap<string, boolean> | undefined): void {
    if (this.pid !== undefined && !this.#ended) setTapCarriers(this.pid, carriers);
  }

  /** Ends one that is of no use; its end is told as a loss. */
  #end(cause: string): void {
    if (this.#ended) return;
    this.#cause ??= cause;
    void this.#process?.kill();
  }

  get #witness(): Witness {
    return {
      lastWords: this.#options.lastWords,
      onExit: (_, cause) => {
        if (this.#ended) return;
        this.#cause = this.#panicWords() ?? this.#cause ?? cause;
        this.#firstAnswer.reject(new GonaError("DOMAIN_FAILED", this.#cause));
        if (this.#pulse === undefined) return; // whoever starts it tells
        this.#ended = true;
        this.#close();
        this.#options.onLost(this, this.#cause);
      },
    };
  }

  /** What the guest's kernel said as it panicked. */
  #panicWords(): string | undefined {
    try {
      const words = readFileSync(this.#options.machine.wordsFile, "utf8");
      const found = /Kernel panic - not syncing: ([^\r\n]+)/.exec(words)?.[1];
      return found === undefined ? undefined : `its kernel panicked: ${found}`;
    } catch {
      return undefined; // no file: nothing was said
    }
  }

  #close(): void {
    this.#look?.[Symbol.dispose]();
    this.#pulse?.[Symbol.dispose]();
    this.#channel?.[Symbol.dispose]();
    this.#monitor?.[Symbol.dispose]();
  }
}

const ADOPT_MS = 20_000;
const CARRIER_MS = 15_000;
const LOOK_AGAIN_MS = 50;

const pause = async (): Promise<true> => {
  await delay(LOOK_AGAIN_MS);
  return true;
};
