import { randomBytes } from "node:crypto";
import type { Neighbour } from "@gona/dataplane";
import type { NicId, ProbeSpec } from "@gona/model";
import { FabricProbe, type Judgement, type PathVerdict, type ProbeFrame, TxStall } from "@gona/planner";
import type { Clock } from "../clock.ts";
import type { NicPort, PathAccess } from "./nic-port.ts";
import { decodeProbe, encodeProbe, NONCE_BYTES, numberProbe } from "./probe-frame.ts";
import { isAnswer, questionFrame } from "./question-frame.ts";

/** Machines that are asked through each NIC in one turn: one answer is enough, and some may have gone. */
const ASKED_AT_ONCE = 4;
/** What is known of the machines on the wire is read again after so long. */
const NEIGHBOURS_MS = 1000;

/** At least so long must a driver take nothing: flow control stops a port for moments. */
const STALL_MS = 100;

/** What the probe knows about a NIC. */
export interface ProbeStanding {
  readonly verdict: PathVerdict;
  readonly cause: string;
  /** Wall clock; when a probe last came in by it; absent: never. */
  readonly heardMs?: number;
  /** Wall clock; when a machine on the wire last answered by it. */
  readonly answeredMs?: number;
}

export interface FabricProberOptions {
  readonly probe: ProbeSpec;
  /** In the spec's order. */
  readonly nics: readonly NicId[];
  readonly access: PathAccess;
  readonly clock: Clock;
  readonly isAlive: (nic: NicId) => boolean;
  /** As neighbours are numbered; undefined while no NIC of it is in the kernel. */
  readonly fabric: () => number | undefined;
  readonly onVerdict: (nic: NicId, judgement: Judgement) => void;
  /** Whether a NIC takes frames and sends none, when that changes. */
  readonly onStall: (nic: NicId, isStalled: boolean, cause: string) => void;
  /** A NIC whose frames cannot be had is left out until it can. */
  readonly onError: (nic: NicId, error: unknown) => void;
}

/** Takes the turns of one fabric's FabricProbe: frames out and in, questions and answers. */
export class FabricProber implements Disposable {
  readonly #options: FabricProberOptions;
  readonly #probe: FabricProbe;
  readonly #nonce: Uint8Array = randomBytes(NONCE_BYTES);
  readonly #ports = new Map<NicId, NicPort>();
  readonly #own = new Map<NicId, number>();
  readonly #judgements = new Map<NicId, Judgement>();
  readonly #heardMs = new Map<NicId, number>();
  readonly #answeredMs = new Map<NicId, number>();
  readonly #stalls = new Map<NicId, TxStall>();
  readonly #stalled = new Set<NicId>();
  /** By "from to", to be numbered. */
  readonly #frames = new Map<string, Uint8Array>();
  #refused: ProbeFrame[] = [];
  #asked = new Set<NicId>();
  #neighbours: { readonly atMs: number; readonly list: readonly Neighbour[] } | undefined;
  #turns = 0;
  #timer: Disposable | undefined;

  constructor(options: FabricProberOptions) {
    this.#options = options;
    this.#probe = new FabricProbe({ intervalMs: options.probe.interval, lost: options.probe.lost });
  }

  start(): void {
    this.#turn();
  }

  standing(nic: NicId): ProbeStanding | undefined {
    const judgement = this.#judgements.get(nic);
    const [heardMs, answeredMs] = [this.#heardMs.get(nic), this.#answeredMs.get(nic)];
    return (
      judgement && {
        ...judgement,
        ...(heardMs !== undefined && { heardMs }),
        ...(answeredMs !== undefined && { answeredMs }),
      }
    );
  }

  /** A NIC came, went or is another now: the others are looked at anew at once. */
  linkChanged(nic: NicId, isOther: boolean): void {
    if (isOther) this.#close(nic);
    this.#turn();
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    for (const nic of [...this.#ports.keys()]) this.#close(nic);
  }

  #turn(): void {
    const { clock, onVerdict } = this.#options;
    this.#timer?.[Symbol.dispose]();
    const { nics, isAlive } = this.#options;
    const present = nics.filter((nic) => isAlive(nic) && this.#open(nic) && !this.#isCut(nic));
    const heard: ProbeFrame[] = [];
    const answered = new Set<NicId>();
    for (const nic of present) this.#take(nic, heard, answered);
    const nowMs = clock.monotonicMs();
    const orders = this.#probe.turn({
      nowMs,
      present: present.filter((nic) => this.#ports.has(nic)),
      heard,
      refused: this.#refused,
      asked: this.#asked,
      answered,
      foreign: (nic) => (this.#ports.get(nic)?.received() ?? 0) - (this.#own.get(nic) ?? 0),
    });
    this.#refused = orders.send.filter((frame) => !this.#send(frame));
    for (const nic of present) this.#watchStall(nic, nowMs, orders.send);
    this.#asked = new Set(orders.ask.filter((nic) => this.#ask(nic)));
    this.#turns++;
    this.#timer = clock.after(Math.max(1, orders.nextMs - clock.monotonicMs()), () => this.#turn());
    for (const [nic, judgement] of orders.verdicts) {
      this.#judgements.set(nic, judgement);
      onVerdict(nic, judgement);
    }
  }

  #take(nic: NicId, heard: ProbeFrame[], answered: Set<NicId>): void {
    const { nics, clock } = this.#options;
    const port = this.#ports.get(nic);
    if (port === undefined) return;
    const probes = this.#trying(nic, () => port.probes()) ?? [];
    for (const frame of probes) {
      const mark = decodeProbe(frame, this.#nonce);
      const from = mark && nics[mark.from];
      if (mark === undefined || from === undefined || nics[mark.to] !== nic) continue;
      heard.push({ from, to: nic, number: mark.number });
      this.#heardMs.set(nic, clock.nowMs());
    }
    // Nobody answers who was not asked.
    const answers = this.#asked.has(nic) ? (this.#trying(nic, () => port.answers()) ?? []) : [];
    if (answers.some((frame) => isAnswer(frame, port.mac))) {
      answered.add(nic);
      this.#answeredMs.set(nic, clock.nowMs());
    }
    this.#own.set(nic, (this.#own.get(nic) ?? 0) + probes.length + answers.length);
  }

  #send(frame: ProbeFrame): boolean {
    const from = this.#ports.get(frame.from);
    const bytes = from && this.#frame(from, frame);
    if (from === undefined || bytes === undefined) return false;
    numberProbe(bytes, frame.number);
    return this.#trying(frame.from, () => from.send(bytes)) ?? false;
  }

  /** Its driver took nothing, and the reason is that its carrier is gone, unknown to us yet. */
  #isCut(nic: NicId): boolean {
    return this.#refused.some(({ from }) => from === nic) && !(this.#ports.get(nic)?.hasCarrier() ?? false);
  }

  #watchStall(nic: NicId, nowMs: number, frames: readonly ProbeFrame[]): void {
    const { probe, onStall } = this.#options;
    const port = this.#ports.get(nic);
    if (port === undefined) return;
    let stall = this.#stalls.get(nic);
    if (stall === undefined) {
      stall = new TxStall(Math.max(STALL_MS, probe.lost * probe.interval));
      this.#stalls.set(nic, stall);
    }
    const isOwn = ({ from }: ProbeFrame) => from === nic;
    const taken = frames.some(isOwn)
      ? frames.some((frame) => isOwn(frame) && !this.#refused.includes(frame))
      : undefined;
    const isStalled = stall.look(nowMs, taken, () => port.sent());
    if (isStalled === this.#stalled.has(nic)) return;
    if (isStalled) this.#stalled.add(nic);
    else this.#stalled.delete(nic);
    onStall(nic, isStalled, isStalled ? "it takes frames and sends none" : "it sends frames again");
  }

  #frame(from: NicPort, frame: ProbeFrame): Uint8Array | undefined {
    const key = `${frame.from} ${frame.to}`;
    const known = this.#frames.get(key);
    if (known !== undefined) return known;
    const to = this.#ports.get(frame.to);
    if (to === undefined) return undefined;
    const { nics } = this.#options;
    const mark = { from: nics.indexOf(frame.from), to: nics.indexOf(frame.to), number: 0 };
    const bytes = encodeProbe({ toMac: to.mac, fromMac: from.mac, nonce: this.#nonce }, mark);
    this.#frames.set(key, bytes);
    return bytes;
  }

  /** False where there is nobody to ask, or nothing was taken. */
  #ask(nic: NicId): boolean {
    const port = this.#ports.get(nic);
    const list = this.#peers();
    if (port === undefined || list.length === 0) return false;
    let asked = false;
    for (let count = 0; count < Math.min(ASKED_AT_ONCE, list.length); count++) {
      // Other machines in each turn: those heard last may be the ones that have gone.
      const neighbour = list[(this.#turns * ASKED_AT_ONCE + count) % list.length];
      if (neighbour === undefined) continue;
      asked = (this.#trying(nic, () => port.send(questionFrame(port.mac, neighbour))) ?? false) || asked;
    }
    return asked;
  }

  /** Those of this fabric, but for the host's own NICs. */
  #peers(): readonly Neighbour[] {
    const { access, clock, fabric } = this.#options;
    const nowMs = clock.monotonicMs();
    if (this.#neighbours !== undefined && nowMs - this.#neighbours.atMs < NEIGHBOURS_MS) return this.#neighbours.list;
    const number = fabric();
    const own = new Set([...this.#ports.values()].map(({ mac }) => mac.join()));
    const list = access.neighbours().filter((one) => one.fabric === number && !own.has([...one.mac].join()));
    this.#neighbours = { atMs: nowMs, list };
    return list;
  }

  #open(nic: NicId): boolean {
    if (this.#ports.has(nic)) return true;
    const port = this.#trying(nic, () => this.#options.access.open(nic));
    if (port === undefined) return false;
    this.#ports.set(nic, port);
    this.#own.set(nic, 0);
    return true;
  }

  #close(nic: NicId): void {
    this.#ports.get(nic)?.[Symbol.dispose]();
    this.#ports.delete(nic);
    this.#stalls.delete(nic);
    // It may come back with another MAC.
    this.#frames.clear();
  }

  /** Undefined where the link is gone, or another: its port is opened anew in the next turn. */
  #trying<T>(nic: NicId, work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      this.#close(nic);
      this.#options.onError(nic, error);
      return undefined;
    }
  }
}
