import { setTimeout as delay } from "node:timers/promises";
import type { DomainView } from "@gona/api";
import { bitsPerSecond, type DomainId, GonaError, type NicId } from "@gona/model";
import type { DaemonUnderTest } from "../bed/daemon-under-test.ts";
import { crashDomain } from "../bed/domain-crash.ts";
import type { LabBed } from "../bed/lab-bed.ts";
import { waitUntil } from "../bed/wait-until.ts";
import type { DomainCrash, Expectation, LabEvent, LabSpec, Phase } from "../scenario/scenario.ts";
import type { SequenceWindow } from "../traffic/probe-messages.ts";
import { RunningTraffic, type TrafficRecord } from "../traffic/running-traffic.ts";
import { watchCpuPressure } from "./cpu-pressure.ts";
import { FarEndBook, slicesOf } from "./far-end-book.ts";
import { findLacp } from "./find-lacp.ts";
import { findTables } from "./find-tables.ts";
import type { LacpFinding } from "./judge-lacp.ts";
import { OPEN_SILENCE_MS, type ProbeEvidence, quietMs } from "./judge-probe.ts";
import type { TablesFinding } from "./judge-tables.ts";
import type { LabDisplay, LabView, NicView, PhaseResult, ProbeRow } from "./lab-view.ts";
import type { MachineStalls } from "./machine-stalls.ts";
import { promiseOf } from "./promise.ts";
import { coveredMs } from "./span.ts";
import { switchPlaces } from "./switch-places.ts";
import { type Evidence, judge } from "./verdict.ts";

const SAMPLE_MS = 200;
/** The probers tell each 100 ms; what they told about the phase's end arrives by then. */
const TELL_MS = 250;
const PATIENCE_MS = 1000;
/** An agent or a machine that is being started, on a busy machine. */
const DOMAIN_MS = 20_000;

const CABLE_AFTER = {
  cut: "cut",
  heal: "plugged",
  unplug: "gone",
  plug: "plugged",
  silence: "silent",
  mend: "plugged",
} as const satisfies Partial<Record<LabEvent["kind"], NicView["cable"]>>;

type Happening = PhaseResult["happenings"][number];

/** What became of work that runs beside: its error is thrown where it is asked for, never lost. */
class Outcome {
  settled = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(work: Promise<void>) {
    work
      .catch((error: unknown) => {
        this.#failure = { error };
      })
      .finally(() => {
        this.settled = true;
      });
  }

  throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

/** Runs phases on a bed: traffic, events, readings, verdicts. */
export class PhaseRunner implements AsyncDisposable {
  readonly book: FarEndBook;
  /** Every traffic that ran, in order of start. */
  readonly records: TrafficRecord[] = [];
  readonly #bed: LabBed;
  readonly #daemon: DaemonUnderTest;
  readonly #display: LabDisplay;
  readonly #stalls: MachineStalls;
  readonly #running = new Map<string, RunningTraffic>();
  readonly #cables = new Map<NicId, NicView["cable"]>();
  #spec: LabSpec;

  constructor(bed: LabBed, daemon: DaemonUnderTest, display: LabDisplay, stalls: MachineStalls) {
    this.#bed = bed;
    this.#stalls = stalls;
    this.#daemon = daemon;
    this.#display = display;
    this.#spec = bed.scenario.spec;
    this.book = new FarEndBook(bed);
  }

  /** Throws what `signal` was aborted with, or GonaError when the lab itself breaks. */
  async run(phase: Phase, phaseNumber: number, signal: AbortSignal): Promise<PhaseResult> {
    signal.throwIfAborted();
    await this.#setTraffic(phase.traffic);
    const fromMs = Date.now();
    const macsBefore = new Map(
      this.#bed.farEnd.macs().map((seen) => [`${seen.port} ${seen.vlan} ${seen.mac}`, seen.packets]),
    );
    const happenings: Happening[] = [];
    const pressure = watchCpuPressure();
    // Beside the readings: a daemon takes its time to start, and the charts shall have no holes.
    const events = new Outcome(this.#runEvents(phase, fromMs, happenings, signal));
    while (Date.now() - fromMs < phase.lasts || !events.settled) {
      signal.throwIfAborted();
      events.throwIfFailed();
      this.book.sample(this.#spec.host);
      this.#checkTraffic();
      this.#display.update(this.#view(phase, phaseNumber, fromMs, happenings.at(-1)));
      const left = phase.lasts - (Date.now() - fromMs);
      await delay(left > 0 ? Math.min(SAMPLE_MS, left) : SAMPLE_MS, undefined, { signal });
    }
    events.throwIfFailed();
    this.book.sample(this.#spec.host);
    const toMs = Date.now();
    const cpuPressure = pressure();
    const converged = phase.expect.some(({ kind }) => kind === "converged") ? await this.#hasConverged() : false;
    await this.#tellingEnds(toMs, signal);
    const macs = this.#macsSince(macsBefore);
    const tables = await this.#lookAtTables(phase);
    const lacp = await this.#askLacp(phase);
    const domains = await this.#lookAtDomains(phase);
    const judged = { fromMs: fromMs + phase.settle, toMs };
    const evidence: Evidence = {
      stalled: coveredMs(judged, this.#stalls.longWithin(judged.fromMs, toMs)) / Math.max(1, toMs - judged.fromMs),
      host: this.#spec.host,
      rate: (slice, direction = "egress") => this.book.rate(slice, direction, fromMs + phase.settle, toMs),
      total: (guest, direction) =>
        direction === "ingress"
          ? this.book.arrived(guest, fromMs + phase.settle, toMs)
          : slicesOf(this.#spec.host)
              .filter((slice) => slice.guest === guest)
              .map((slice) => this.book.rate(slice, "egress", fromMs + phase.settle, toMs))
              .reduce((sum, rate) => bitsPerSecond(sum + rate), bitsPerSecond(0)),
      roundTrip: (name) => this.#running.get(name)?.record.rtt.at(-1),
      probe: (name) => this.#probeEvidence(name, fromMs, toMs),
      macs,
      tables: (asked) => tables.get(asked),
      lacp: (asked) => lacp.get(asked),
      domain: (name) => domains.get(name),
      converged,
    };
    return {
      phase,
      fromMs,
      toMs,
      happenings,
      stalls: this.#stalls.within(fromMs, toMs),
      ...(cpuPressure !== undefined && { cpuPressure }),
      verdicts: phase.expect.flatMap((expectation) => judge(expectation, evidence)),
    };
  }

  /** Stops all traffic. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#setTraffic([]);
  }

  async #setTraffic(names: readonly string[]): Promise<void> {
    const gone = [...this.#running].filter(([name]) => !names.includes(name));
    await Promise.all(
      gone.map(async ([name, traffic]) => {
        this.#running.delete(name);
        await traffic.stop();
      }),
    );
    const fresh = names.filter((name) => !this.#running.has(name));
    await Promise.all(
      fresh.map(async (name) => {
        const traffic = this.#bed.scenario.traffic.get(name);
        if (traffic === undefined) throw new RangeError(`the scenario has no traffic ${name}`);
        const running = await RunningTraffic.start(this.#bed, traffic);
        this.#running.set(name, running);
        this.records.push(running.record);
      }),
    );
  }

  #checkTraffic(): void {
    for (const [name, traffic] of this.#running) {
      if (!traffic.healthy)
        throw new GonaError("SCENARIO_FAILED", `traffic ${name} stopped by itself:\n${traffic.logTail()}`);
    }
  }

  /** One after the other, none before its time: a daemon that is killed has started before. */
  async #runEvents(phase: Phase, fromMs: number, happenings: Happening[], signal: AbortSignal): Promise<void> {
    for (const { at, event } of phase.events) {
      await delay(Math.max(0, fromMs + at - Date.now()), undefined, { signal });
      happenings.push({ atMs: Date.now(), text: describeEvent(event), kind: event.kind });
      await this.#do(event);
    }
  }

  async #do(event: LabEvent): Promise<void> {
    switch (event.kind) {
      case "cut":
      case "heal":
      case "unplug":
      case "plug":
      case "silence":
      case "mend":
        this.#cables.set(event.nic, CABLE_AFTER[event.kind]);
        await this.#bed[event.kind](event.nic);
        return;
      case "drain":
      case "undrain":
        await this.#daemon.client[event.kind](event.nic);
        return;
      case "crash":
        return crashDomain(this.#bed, this.#daemon, event.domain, event.by);
      case "killDaemon":
        return this.#daemon.kill();
      case "startDaemon":
        return this.#daemon.start();
      case "apply": {
        const spec = this.#bed.scenario.specs.get(event.spec);
        if (spec === undefined) throw new RangeError(`the scenario has no spec ${event.spec}`);
        await this.#daemon.apply(spec);
        this.#spec = spec;
      }
    }
  }

  async #lookAtTables(phase: Phase): Promise<ReadonlyMap<Expectation, TablesFinding>> {
    const found = new Map<Expectation, TablesFinding>();
    for (const item of phase.expect) {
      if (item.kind === "tables") found.set(item, await findTables(this.#bed, this.#daemon.client, item));
    }
    return found;
  }

  /** Each that is expected to work, when it does, or as it is when the patience is over. */
  async #lookAtDomains(phase: Phase): Promise<ReadonlyMap<DomainId, DomainView>> {
    const found = new Map<DomainId, DomainView>();
    for (const item of phase.expect) {
      if (item.kind !== "domain") continue;
      const look = async (): Promise<true | undefined> => {
        const view = (await this.#daemon.client.domains()).find(({ name }) => name === item.domain);
        if (view !== undefined) found.set(item.domain, view);
        return view?.state === "up" ? true : undefined;
      };
      // What it is then is judged.
      await waitUntil(`domain ${item.domain} is up`, look, { withinMs: DOMAIN_MS }).catch(() => undefined);
    }
    return found;
  }

  async #askLacp(phase: Phase): Promise<ReadonlyMap<Expectation, LacpFinding>> {
    const found = new Map<Expectation, LacpFinding>();
    for (const item of phase.expect) {
      if (item.kind === "lacp") found.set(item, await findLacp(this.#bed, this.#daemon.client, item));
    }
    return found;
  }

  async #hasConverged(): Promise<boolean> {
    try {
      await this.#daemon.converged(20_000);
      return true;
    } catch (error) {
      if (error instanceof GonaError && error.code === "SCENARIO_FAILED") return false;
      throw error;
    }
  }

  /** Waits until the probes have told about the phase's end, and a little for a silence to end that may be a pause of the sender's. */
  async #tellingEnds(toMs: number, signal: AbortSignal): Promise<void> {
    const silent = (): boolean =>
      [...this.#running.values()].some(({ record }) => (record.sequence.at(-1)?.silenceMs ?? 0) > OPEN_SILENCE_MS);
    do await delay(TELL_MS, undefined, { signal });
    while (silent() && Date.now() - toMs < PATIENCE_MS);
  }

  #probeEvidence(name: string, fromMs: number, toMs: number): ProbeEvidence | undefined {
    const record = this.#running.get(name)?.record;
    if (record?.traffic.kind !== "probe") return undefined;
    const before = record.sequence.findLast(({ atMs }) => atMs <= fromMs);
    const windows = record.sequence.filter(({ atMs }) => atMs > fromMs && atMs <= toMs + PATIENCE_MS);
    const stalls = this.#stalls.within(fromMs, toMs + PATIENCE_MS);
    return { fromMs, windows, perSecond: record.traffic.perSecond, stalls, ...(before !== undefined && { before }) };
  }

  #macsSince(before: ReadonlyMap<string, bigint>): Evidence["macs"] {
    const places = switchPlaces(this.#bed.plan, this.#spec.host);
    return (
      this.#bed.farEnd
        .macs()
        // Guests' own links are counted too, and are no switch's.
        .filter(({ port }) => places.has(port))
        .filter((seen) => seen.packets !== before.get(`${seen.port} ${seen.vlan} ${seen.mac}`))
        .map((seen) => ({ ...seen, ...places.get(seen.port) }) as Evidence["macs"][number])
    );
  }

  #view(phase: Phase, phaseNumber: number, fromMs: number, news: { atMs: number; text: string } | undefined): LabView {
    const { host } = this.#spec;
    const cable = (nic: NicId) => this.#cables.get(nic) ?? "plugged";
    const busy = new Set([...this.#running.values()].flatMap(({ record }) => [record.traffic.from, record.traffic.to]));
    return {
      scenario: this.#bed.scenario,
      phase,
      phaseNumber,
      phaseCount: this.#bed.scenario.phases.length,
      elapsedMs: Date.now() - fromMs,
      daemon: this.#daemon.running ? "running" : "killed",
      nics: host.nics.map(({ name, fabric, capacity }) => ({ nic: name, fabric, capacity, cable: cable(name) })),
      slices: slicesOf(host)
        .filter(({ guest }) => busy.has(guest))
        .map((slice) => {
          const promise = promiseOf(host, slice);
          return {
            slice,
            reserve: promise?.reserve ?? bitsPerSecond(0),
            limit: promise?.limit ?? bitsPerSecond(0),
            delivered: this.book.recentRate(slice, "egress", 1000),
            cable: cable(slice.nic),
          };
        }),
      probes: [...this.#running.values()].flatMap(({ record }) => probeRow(record, fromMs, this.#stalls)),
      ...(news !== undefined && { news: `${((news.atMs - fromMs) / 1000).toFixed(1)} s  ${news.text}` }),
    };
  }
}

function probeRow({ traffic, sequence }: TrafficRecord, fromMs: number, machine: MachineStalls): ProbeRow[] {
  if (traffic.kind !== "probe") return [];
  const { name, from, to, perSecond } = traffic;
  const before = sequence.findLast(({ atMs }) => atMs <= fromMs);
  const windows = sequence.filter(({ atMs }) => atMs > fromMs);
  const last: SequenceWindow | undefined = windows.at(-1) ?? before;
  const stalls = machine.within(fromMs, Number.POSITIVE_INFINITY);
  return [
    {
      ...{ name, from, to, perSecond },
      received: (last?.received ?? 0) - (before?.received ?? 0),
      lost: (last?.lost ?? 0) - (before?.lost ?? 0),
      longestGapMs: Math.max(0, ...windows.map((window) => quietMs(window, stalls))),
    },
  ];
}

const CRASH_WORDS: Readonly<Record<DomainCrash, string>> = {
  "agent-killed": "SIGKILL to the agent of domain",
  "agent-hung": "SIGSTOP to the agent of domain",
  "name-deleted": "somebody deletes the namespace's name of domain",
  "namespace-gone": "the namespace is gone with its agent and its NICs, of domain",
  "vm-killed": "SIGKILL to the virtual machine of domain",
  "vm-hung": "SIGSTOP to the virtual machine of domain",
  "vm-panicked": "the kernel panics in the virtual machine of domain",
  "vm-out-of-memory": "no memory is left in the virtual machine of domain",
};

function describeEvent(event: LabEvent): string {
  switch (event.kind) {
    case "cut":
      return `the cable of ${event.nic} is cut`;
    case "heal":
      return `the cable of ${event.nic} is healed`;
    case "unplug":
      return `${event.nic} is taken out of the host`;
    case "plug":
      return `${event.nic} is put back`;
    case "silence":
      return `the path behind ${event.nic} goes silent, with its carrier alive`;
    case "mend":
      return `the path behind ${event.nic} forwards again`;
    case "drain":
      return `${event.nic} is drained`;
    case "undrain":
      return `${event.nic} is given back`;
    case "crash":
      return `${CRASH_WORDS[event.by]} ${event.domain}`;
    case "killDaemon":
      return "the daemon is killed (SIGKILL)";
    case "startDaemon":
      return "the daemon is started again";
    case "apply":
      return `spec ${event.spec} is applied`;
  }
}
