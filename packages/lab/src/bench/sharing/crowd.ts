import { setTimeout as delay } from "node:timers/promises";
import type { BedPlan, SwitchPort } from "../../bed/bed-plan.ts";
import { FarEnd } from "../../bed/far-end.ts";
import { addressHex, type FlowCount } from "../../bed/far-end-records.ts";
import { guestNetns, peerNetns } from "../../bed/lab-paths.ts";
import { ipBatch, runInside } from "../../bed/run-command.ts";
import { BenchHost } from "../bench-host.ts";
import { type BenchRow, summarize } from "../bench-row.ts";
import { jain } from "../figures/jain.ts";
import type { LoadSource } from "../load/load-plan.ts";
import { type LoadHost, RunningLoad, startSink } from "../load/running-load.ts";
import { guestAddress, guestDevice, guestMac, PEER_ADDRESS, specText } from "../qos-bed/bench-spec.ts";
import { rateBetween } from "../qos-bed/measure-rates.ts";
import type { SuiteOptions } from "../suite.ts";

const NAME = "bench-crowd";
const GUESTS = 256;
const NIC = "eth1";
const CAPACITY_MEGABITS = 2000;
const PORT = 5001;
const FAR: Pick<SwitchPort, "link" | "ifindex" | "vlan"> = { link: "far0", ifindex: 1001, vlan: 0 };
/** A flow of 1/256 of the NIC takes seconds to fill its queue: that has room for 25 ms of the whole NIC. */
const SETTLE_MS = { full: 7000, quick: 2000 };
/** As often as the other cases; 64 kB of a GSO packet are 1.6 % of what a guest sends in one. */
const WINDOWS = { full: 3, quick: 1 };
const WINDOW_MS = { full: 4000, quick: 3000 };

/** 256 guests that all send at once: their links live in one namespace, with an address each. */
export async function crowdRows({ quick, progress, signal }: SuiteOptions): Promise<readonly BenchRow[]> {
  progress(`building ${GUESTS} guests`);
  await using stack = new AsyncDisposableStack();
  const [crowd, far] = [guestNetns(NAME, "crowd"), peerNetns(NAME, "far")];
  const host = stack.use(await BenchHost.make(NAME, [crowd, far]));
  await layTable(host.hub, crowd, far);
  const plan: Pick<BedPlan, "switches"> = {
    switches: [{ fabric: "rack" as never, netns: far, ports: [{ ...FAR, netns: far } as SwitchPort] }],
  };
  using farEnd = await FarEnd.attach(plan as BedPlan, host.paths);
  await host.startDaemon(spec());
  const loadHost: LoadHost = {
    home: host.hub,
    spawn: ({ name, netns, command, args, onLine }) => host.spawn(name, netns, command, args, onLine),
  };
  await startSink(loadHost, "sink", [{ netns: far, address: PEER_ADDRESS, port: PORT }]);
  const rows: BenchRow[] = [];
  for (const mixed of quick ? [true] : [false, true]) {
    signal?.throwIfAborted();
    const name = mixed ? `${GUESTS} guests, every 16th with TCP x 16` : `${GUESTS} guests, TCP x 1`;
    const sources = Array.from({ length: GUESTS }, (_, guest) =>
      source(crowd, guest, mixed && guest % 16 === 0 ? 16 : 1),
    );
    const load = await RunningLoad.start(loadHost, "load", sources);
    await delay(quick ? SETTLE_MS.quick : SETTLE_MS.full);
    const [fair, used]: [number[], number[]] = [[], []];
    for (let window = 0; window < (quick ? WINDOWS.quick : WINDOWS.full); window++) {
      const rates = await measure(farEnd, quick ? WINDOW_MS.quick : WINDOW_MS.full);
      const index = jain(rates);
      const part = (rates.reduce((sum, rate) => sum + rate, 0) / (CAPACITY_MEGABITS * 1e6)) * 100;
      const [least, most] = [Math.min(...rates), Math.max(...rates)].map((rate) => (rate / 1e6).toFixed(2));
      progress(
        `${name}: Jain's index ${index.toFixed(5)}, ${least} to ${most} Mbit/s, utilisation ${part.toFixed(2)} %`,
      );
      fair.push(index);
      used.push(part);
    }
    await load.stop();
    rows.push(
      figureRow(name, { figure: "Jain's index", unit: "" }, fair, 0.999),
      figureRow(name, { figure: "utilisation", unit: "%" }, used, 99),
    );
  }
  return rows;
}

function figureRow(
  name: string,
  figure: Pick<BenchRow, "figure" | "unit">,
  values: readonly number[],
  least: number,
): BenchRow {
  const summary = summarize(values);
  return {
    suite: "sharing",
    case: name,
    ...figure,
    ...summary,
    target: `>= ${least}`,
    holds: summary.value >= least,
  };
}

async function layTable(hub: string, crowd: string, far: string): Promise<void> {
  const each = <T>(make: (guest: number) => T): T[] => Array.from({ length: GUESTS }, (_, guest) => make(guest));
  // Many links of one machine: answers go out by the link that they belong to, and no source is thought forged.
  await runInside(crowd, "sh", [
    "-ec",
    "for n in all default; do echo 0 > /proc/sys/net/ipv4/conf/$n/rp_filter; echo 1 > /proc/sys/net/ipv4/conf/$n/arp_ignore; done",
  ]);
  await ipBatch(far, [
    `link add ${FAR.link} index ${FAR.ifindex} type veth peer name ${NIC} netns ${hub}`,
    `link set ${FAR.link} up`,
    `address add ${PEER_ADDRESS}/16 dev ${FAR.link}`,
  ]);
  await ipBatch(
    crowd,
    each(
      (guest) => `link add g${guest} address ${guestMac(guest)} type veth peer name ${guestDevice(guest)} netns ${hub}`,
    ),
  );
  await ipBatch(hub, [...each((guest) => `link set ${guestDevice(guest)} up`), `link set ${NIC} up`]);
  await ipBatch(
    crowd,
    each((guest) => [`link set g${guest} up`, `address add ${guestAddress(guest)}/16 dev g${guest}`]).flat(),
  );
  // As in a lab (LabBed.ownQueue): a receive queue with NAPI, as physical NICs have.
  await runInside(hub, "sh", [
    "-ec",
    [...each(guestDevice), NIC].map((link) => `ethtool -K ${link} gro on`).join("\n"),
  ]);
  await runInside(far, "ethtool", ["-K", FAR.link, "gro", "on"]);
}

const spec = (): string =>
  specText({
    nics: [{ name: NIC, capacity: `${CAPACITY_MEGABITS}Mbit` }],
    guests: Array.from({ length: GUESTS }, (_, guest) => ({
      name: `guest${guest}`,
      aggregate: { slices: [{ nic: NIC, egress: { reserve: "1Mbit" } }] },
    })),
  });

const source = (netns: string, guest: number, flows: number): LoadSource => ({
  name: `guest${guest}`,
  netns,
  link: `g${guest}`,
  from: guestAddress(guest),
  to: PEER_ADDRESS,
  port: PORT,
  kind: "tcp",
  congestion: "cubic",
  flows,
});

async function measure(farEnd: FarEnd, windowMs: number): Promise<number[]> {
  const read = (): Map<string, FlowCount> =>
    new Map(
      farEnd
        .flows()
        .filter(({ direction }) => direction === "in")
        .map((flow) => [flow.address, flow]),
    );
  const before = read();
  await delay(windowMs);
  const after = read();
  return Array.from({ length: GUESTS }, (_, guest) => {
    const address = addressHex(guestAddress(guest));
    return rateBetween(before.get(address), after.get(address));
  });
}
