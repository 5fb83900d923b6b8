import { join } from "node:path";
import { REPOSITORY } from "../../bed/lab-paths.ts";
import type { LabProcess } from "../../bed/lab-process.ts";
import { processesNaming } from "../../bed/left-processes.ts";
import { runInside } from "../../bed/run-command.ts";
import { waitUntil } from "../../bed/wait-until.ts";
import type { ProbeMessage, RttWindow } from "../../traffic/probe-messages.ts";
import { type BenchPath, GUEST, PEER } from "./topology.ts";
import type { UdpFlow } from "./udp-frame.ts";

const BLASTER = join(REPOSITORY, "packages/lab/src/bench/path/blaster-main.ts");
const PROBE = join(REPOSITORY, "packages/lab/src/traffic/probe-main.ts");
const SINK = join(REPOSITORY, "build/bpf/bench_sink.bpf.o");
/** Sender, hub and receiver share a core, so that a packet's whole cost is seen; the other core echoes. */
const PATH_CPU = "0";
const OTHER_CPU = "1";
const IPERF_PORT = "5201";
const PROBE_PORT = "7001";

const FLOW: UdpFlow = {
  sourceMac: GUEST.mac,
  destinationMac: PEER.mac,
  source: GUEST.address,
  destination: PEER.address,
  sourcePort: 7000,
  destinationPort: 7001,
};

export interface PacketRate {
  readonly perSecond: number;
  /** Processor time of one that arrives, the sender's and a driver domain's processes' included. */
  readonly cpuNsEach: number;
}

/** 64-byte UDP frames that arrive at the peer's link, by its own counter. Throws Error where none does. */
export async function packetRate({ host, guest, peer }: BenchPath, milliseconds: number): Promise<PacketRate> {
  await runInside(peer, "tc", ["qdisc", "replace", "dev", PEER.link, "clsact"]);
  const filter = `filter replace dev ${PEER.link} ingress prio 1 handle 1 bpf direct-action object-file ${SINK} section tc`;
  await runInside(peer, "tc", filter.split(" "));
  try {
    const before = await receivedPackets(peer);
    const domains = processesNaming(join(host.paths.daemonRun, "domains/")).map(({ pid }) => pid);
    const words = [GUEST.link, String(milliseconds), JSON.stringify([FLOW]), JSON.stringify(domains)];
    const command = [process.execPath, BLASTER, ...words];
    const said = await runInside(guest, "taskset", ["-c", PATH_CPU, ...command]);
    const { seconds, cpuNs } = JSON.parse(said) as { readonly seconds: number; readonly cpuNs: number };
    const arrived = (await receivedPackets(peer)) - before;
    if (arrived <= 0) throw new Error(`none of the frames from ${guest} came to ${peer}`);
    return { perSecond: arrived / seconds, cpuNsEach: cpuNs / arrived };
  } finally {
    await runInside(peer, "tc", ["qdisc", "delete", "dev", PEER.link, "clsact"]);
  }
}

async function receivedPackets(netns: string): Promise<number> {
  const line = (await runInside(netns, "cat", ["/proc/net/dev"]))
    .split("\n")
    .find((row) => row.includes(`${PEER.link}:`));
  const packets = Number(line?.split(":")[1]?.trim().split(/\s+/)[1]);
  if (!Number.isFinite(packets)) throw new Error(`no counters of ${PEER.link} in ${netns}`);
  return packets;
}

/** What one TCP flow carries from guest to peer, bit/s of payload, as its receiver counts. */
export async function tcpBitsPerSecond({ host, guest, peer }: BenchPath, seconds: number): Promise<number> {
  const listening = Promise.withResolvers<void>();
  const onLine = (line: string): void => {
    if (line.includes("listening")) listening.resolve();
  };
  const serverArgs = ["-c", OTHER_CPU, "iperf3", "-s", "-1", "--forceflush", "-p", IPERF_PORT];
  await using server: LabProcess = host.spawn("iperf3-server", peer, "taskset", serverArgs, onLine);
  await Promise.race([listening.promise, server.ended.then(endedEarly("iperf3 -s", server))]);
  const clientArgs = [
    "-c",
    PATH_CPU,
    "iperf3",
    "-J",
    "-C",
    "cubic",
    "-c",
    PEER.address,
    "-p",
    IPERF_PORT,
    "-t",
    String(seconds),
  ];
  const report = JSON.parse(await runInside(guest, "taskset", clientArgs)) as {
    end: { sum_received: { bits_per_second: number } };
  };
  return report.end.sum_received.bits_per_second;
}

/** Median and 99th percentile of a small datagram's way there and back, microseconds. */
export async function roundTripTime({ host, guest, peer }: BenchPath, count: number): Promise<RttWindow> {
  const node = [process.execPath, PROBE];
  const at = ["--address", PEER.address, "--port", PROBE_PORT];
  const ready = Promise.withResolvers<void>();
  await using echo = host.spawn("echo", peer, "taskset", ["-c", OTHER_CPU, ...node, "echo", ...at], () =>
    ready.resolve(),
  );
  await Promise.race([ready.promise, echo.ended.then(endedEarly("echo", echo))]);
  let last: RttWindow | undefined;
  const askArgs = ["-c", PATH_CPU, ...node, "rtt", ...at, "--count", String(count), "--per-second", "1000000"];
  const ask = host.spawn("rtt", guest, "taskset", askArgs, (line) => {
    const message = JSON.parse(line) as ProbeMessage;
    if (message.kind === "rtt") last = message;
  });
  await waitUntil("the round trips end", () => (ask.running ? undefined : true), { withinMs: 60_000 });
  await ask.ended;
  if (last === undefined || last.answered === 0) throw new Error(`no answer came from the peer:\n${ask.logTail()}`);
  return last;
}

const endedEarly = (name: string, process: LabProcess) => (): never => {
  throw new Error(`${name} ended before it was asked:\n${process.logTail()}`);
};
