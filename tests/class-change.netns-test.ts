import { expect, test } from "vitest";
import { DaemonBed, endStream, type Stream } from "./daemon-bed.ts";
import { MachineDrops } from "./machine-drops.ts";
import { run } from "./run.ts";

const LIMIT_MEGABITS = 40;
/** Of the datagrams' payload; on the wire 42 bytes more. */
const BYTES = 1400;
const FRAME_BYTES = BYTES + 42;
const CLASSES = "classes: [{ name: voice, match: { dscp: [46] }, priority: 0, reserve: 1Mbit }]";
const GOAL = "latency: 5ms";
/** What the guest's aggregate says beside its slice, again and again. */
const QUALITIES = ["", GOAL, "", CLASSES, "", `${CLASSES}\n      ${GOAL}`];
const ROUNDS = 2;

const spec = (bed: DaemonBed, quality: string) => `apiVersion: gona/v1
nics: [{ name: eth1, capacity: 1Gbit }]
guests:
  - name: steady
    vif: { create: { netns: ${bed.netns("steady")}, name: eth0 }, mac: "52:54:00:d7:00:01", addresses: [10.9.0.1] }
    aggregate:
      slices: [{ nic: eth1, egress: { limit: ${LIMIT_MEGABITS}Mbit } }]
      ${quality}
`;

/** Streams of so many datagrams a second while traffic classes and goals come and go. */
async function changed(prefix: string, perSecond: number, check: (of: Changed) => Promise<void>): Promise<void> {
  await using bed = new DaemonBed(prefix, []);
  const daemon = bed.spawnDaemon();
  await daemon.line("ready", (line) => line.msg === "ready");
  await bed.client.apply({ text: spec(bed, "") });
  bed.dressSteadyGuest();
  using machine = new MachineDrops();
  const stream = await bed.startStream("steady", "switch", "10.9.255.1", 5301, perSecond, BYTES);
  const began = { host: hostBytes(bed), atMs: performance.now(), bytes: sentBytes(bed) };
  for (let change = 1; change <= ROUNDS * QUALITIES.length; change++) {
    const before = received(stream);
    await bed.client.apply({ text: spec(bed, QUALITIES[change % QUALITIES.length] ?? "") });
    await expect.poll(() => received(stream)).toBeGreaterThan(before + perSecond / 5);
  }
  const seconds = (performance.now() - began.atMs) / 1000;
  const sent = sentBytes(bed) - began.bytes;
  await check({ stream, machine, past: hostBytes(bed) - began.host, megabits: (sent * 8) / seconds / 1e6 });
  await daemon.stop("SIGTERM");
}

interface Changed {
  readonly stream: Stream;
  readonly machine: MachineDrops;
  /** Bytes that went by the NIC's default class. */
  readonly past: number;
  /** What left by the NIC. */
  readonly megabits: number;
}

test("below its limit a guest loses nothing when traffic classes and goals come and go", {
  timeout: 300_000,
}, async () => {
  await changed("gona-d7", 1500, async ({ stream, machine, past }) => {
    const { sent, received: came, losses } = await endStream(stream);
    expect(losses.filter(({ fromMs, toMs }) => !machine.within(fromMs, toMs))).toEqual([]);
    expect(came + losses.reduce((sum, { lost }) => sum + lost, 0)).toBe(sent);
    // Neighbour discovery of the kernel's own.
    expect(past).toBeLessThan(20 * FRAME_BYTES);
  });
});

test("beyond its limit a guest keeps to it, however often its queues change", {
  timeout: 300_000,
}, async () => {
  await changed("gona-d8", 6000, async ({ past, megabits }) => {
    expect(past).toBeLessThan(20 * FRAME_BYTES);
    // What a new class starts with (16 ms) goes out as slowly as its pacer lets it: 6 % above the limit.
    expect(megabits).toBeLessThan(1.06 * LIMIT_MEGABITS);
    expect(megabits).toBeGreaterThan(0.8 * LIMIT_MEGABITS);
  });
});

const lastOf = (stream: Stream) => stream.receiver.lines.findLast((line) => line.kind === "sequence");
const received = (stream: Stream): number => Number(lastOf(stream)?.received ?? 0);

const classBytes = (bed: DaemonBed, classid: string): number => {
  const text = run("tc", "-n", bed.netns("hub"), "-s", "class", "show", "dev", "eth1", "classid", classid);
  return Number(/Sent (\d+) bytes/.exec(text)?.[1]);
};
const hostBytes = (bed: DaemonBed): number => classBytes(bed, "a09a:2");
const sentBytes = (bed: DaemonBed): number => classBytes(bed, "a09a:1");
