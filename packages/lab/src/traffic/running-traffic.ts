import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { GonaError } from "@gona/model";
import type { LabBed } from "../bed/lab-bed.ts";
import { REPOSITORY } from "../bed/lab-paths.ts";
import type { LabProcess } from "../bed/lab-process.ts";
import { SLOWNESS } from "../bed/slowness.ts";
import type { Traffic } from "../scenario/scenario.ts";
import { chooseAddresses } from "./choose-addresses.ts";
import type { ProbeMessage, RttWindow, SequenceWindow } from "./probe-messages.ts";

/** What a running traffic has told so far; lists grow while it runs. */
export interface TrafficRecord {
  readonly traffic: Traffic;
  readonly sequence: SequenceWindow[];
  readonly rtt: RttWindow[];
  /** Datagrams that the sender handed over; known when it has ended. */
  sent?: number;
}

const FIRST_PORT = 5201;
/** Other traffic, which comes before ordinary processes, may flow already. */
const READY_MS = 60_000;
/** What is under way when the sender ends. */
const DRAIN_MS = 150;

/** The port that a traffic goes to; of a probe also the stream in its datagrams. */
export const trafficPort = (bed: LabBed, { name }: Traffic): number =>
  FIRST_PORT + [...bed.scenario.traffic.keys()].indexOf(name);

/** Two processes, one at each end. */
export class RunningTraffic implements AsyncDisposable {
  readonly record: TrafficRecord;
  readonly #sender: LabProcess;
  readonly #receiver: LabProcess;

  private constructor(record: TrafficRecord, sender: LabProcess, receiver: LabProcess) {
    this.record = record;
    this.#sender = sender;
    this.#receiver = receiver;
  }

  /** Settles when it flows. Throws SCENARIO_FAILED with the log's end. */
  static async start(bed: LabBed, traffic: Traffic): Promise<RunningTraffic> {
    const record: TrafficRecord = { traffic, sequence: [], rtt: [] };
    const [from, to] = [bed.station(traffic.from), bed.station(traffic.to)];
    const addresses = chooseAddresses(from, to, traffic.family);
    const port = String(trafficPort(bed, traffic));
    const command = commandsOf(traffic, addresses, port);
    const receiver = await startEnd(bed, `${traffic.name}-to`, to.netns, command.receiver, record);
    const sender = await startEnd(bed, `${traffic.name}-from`, from.netns, command.sender, record);
    return new RunningTraffic(record, sender, receiver);
  }

  /** False when an end has stopped by itself: then the lab is broken, not the network. */
  get healthy(): boolean {
    return this.#sender.running && this.#receiver.running;
  }

  logTail(): string {
    return [this.#sender, this.#receiver].map((end) => `${end.name}: ${end.logTail(6)}`).join("\n");
  }

  async stop(): Promise<void> {
    await end(this.#sender);
    if (isProbe(this.record.traffic)) await delay(DRAIN_MS);
    await end(this.#receiver);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

const isProbe = ({ kind }: Traffic): boolean => kind === "probe" || kind === "rtt";

/** A prober ends when its input does and prints its last line; iperf3 takes a signal. */
async function end(child: LabProcess): Promise<void> {
  if (!child.name.startsWith("iperf3-")) {
    child.closeInput();
    const ended = await Promise.race([child.ended.then(() => true), delay(2000, false)]);
    if (ended) return;
  }
  await child.stop("SIGTERM", 1000);
}

interface Command {
  readonly program: "node" | "iperf3";
  readonly args: readonly string[];
  /** The line of output that says it is ready; undefined: at once. */
  readonly readyAt?: string;
}

function commandsOf(
  traffic: Traffic,
  { from, to }: { from: string; to: string },
  port: string,
): { sender: Command; receiver: Command } {
  if (traffic.kind === "probe" || traffic.kind === "rtt") {
    const [ask, answer] = traffic.kind === "probe" ? ["send", "receive"] : ["rtt", "echo"];
    const probe = (mode: string): Command => ({
      program: "node",
      readyAt: '"ready"',
      args: [
        join(REPOSITORY, "packages/lab/src/traffic/probe-main.ts"),
        mode,
        ...["--address", to, "--port", port, "--per-second", String(traffic.perSecond)],
        ...["--bytes", String(traffic.datagramBytes), "--stream", port],
      ],
    });
    return { sender: probe(ask as string), receiver: probe(answer as string) };
  }
  const perFlow = (bits: number): string => String(Math.max(1, Math.floor(bits / traffic.flows)));
  const kind =
    traffic.kind === "udp"
      ? ["-u", "-b", perFlow(traffic.rate), "-l", String(traffic.datagramBytes)]
      : [...(traffic.limit === undefined ? [] : ["-b", perFlow(traffic.limit)]), ...["-C", traffic.congestion]];
  return {
    receiver: {
      program: "iperf3",
      readyAt: "Server listening",
      args: ["--server", "--one-off", "--interval", "0", "--bind", to, "--port", port],
    },
    sender: {
      program: "iperf3",
      readyAt: "connected to",
      // Ends when it is told to; an hour is never reached.
      args: [
        "--client",
        to,
        "--bind",
        from,
        "--port",
        port,
        "-P",
        String(traffic.flows),
        "-t",
        "3600",
        "-i",
        "0",
        ...kind,
      ],
    },
  };
}

async function startEnd(
  bed: LabBed,
  name: string,
  netns: string,
  command: Command,
  record: TrafficRecord,
): Promise<LabProcess> {
  let ready = (): void => undefined;
  const isReady = new Promise<"ready">((resolve) => {
    ready = () => resolve("ready");
  });
  let last = "";
  const child = bed.spawn({
    name: command.program === "iperf3" ? `iperf3-${name}` : name,
    netns,
    ...launcherOf(command),
    onLine: (line) => {
      last = line;
      if (command.readyAt !== undefined && line.includes(command.readyAt)) ready();
      if (command.program === "node") take(record, line);
    },
  });
  const timer = new AbortController();
  const outcome = await Promise.race([
    isReady,
    child.ended.then(() => "ended" as const),
    delay(READY_MS * SLOWNESS, "late" as const, { signal: timer.signal, ref: false }).catch(() => "late" as const),
  ]);
  timer.abort();
  if (outcome === "ready") return child;
  await child.stop("SIGKILL");
  throw new GonaError(
    "SCENARIO_FAILED",
    `traffic ${record.traffic.name} did not start (${outcome}): ${last} ${child.logTail(6)}`.trim(),
  );
}

/**
 * Into a pipe, iperf3 would keep its lines for itself: stdbuf. A shaper is judged by a queue that never
 * runs dry, so other work of the machine comes after the load: nice. Both exec, the pid stays.
 */
function launcherOf({ program, args }: Command): { command: string; args: readonly string[] } {
  if (program === "node") return { command: process.execPath, args };
  return { command: "nice", args: ["-n", "-10", "stdbuf", "--output=L", "iperf3", ...args] };
}

function take(record: TrafficRecord, line: string): void {
  const message = JSON.parse(line) as ProbeMessage;
  if (message.kind === "sequence") record.sequence.push(message);
  if (message.kind === "rtt") record.rtt.push(message);
  if (message.kind === "sent") record.sent = message.datagrams;
}
