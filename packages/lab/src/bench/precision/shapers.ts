import { formatRate, type GonaError, megabitsPerSecond } from "@gona/model";
import { runCommand } from "../../bed/run-command.ts";
import { type BenchSpec, guestDevice } from "../qos-bed/bench-spec.ts";
import { isUnsupported } from "../qos-bed/feature.ts";
import { type Direction, QosBed } from "../qos-bed/qos-bed.ts";

/** One way of holding guests to their limits, on a bed of its own: guest k and NIC k belong to rate k. */
export interface Shaper extends AsyncDisposable {
  readonly name: string;
  readonly bed: QosBed;
  /** What it can shape. */
  readonly directions: readonly Direction[];
  /** Whether the queue that a rate's traffic waits in is on that link of the hub. */
  readonly hasQueue: (link: string, direction: Direction, rate: number) => boolean;
}

const CAPACITY = "20Gbit";
/** rate / HZ, as tc-tbf(8) asks for, and room for two frames. */
const HZ = 250;
const TBF_LEAST_BYTES = 3028;

export const nicName = (index: number): string => `eth${index + 1}`;

const spec = (megabits: readonly number[], directions: readonly Direction[]): BenchSpec => ({
  nics: megabits.map((_, index) => ({ name: nicName(index), capacity: CAPACITY })),
  guests: megabits.map((rate, index) => {
    const limit = formatRate(megabitsPerSecond(rate)).replace(" ", "");
    const shares = Object.fromEntries(directions.map((direction) => [direction, { limit }]));
    return { name: `guest${index}`, aggregate: { slices: [{ nic: nicName(index), ...shares }] } };
  }),
});

/** GONA's daemon. `told` gets what it does not execute yet. */
export async function gonaShaper(megabits: readonly number[], told: (error: GonaError) => void): Promise<Shaper> {
  const bed = await QosBed.gona("bench-precise", spec(megabits, ["egress"]));
  const directions: Direction[] = ["egress"];
  try {
    await bed.apply(spec(megabits, ["egress", "ingress"]));
    directions.push("ingress");
  } catch (error) {
    if (!isUnsupported(error)) {
      await bed[Symbol.asyncDispose]();
      throw error;
    }
    told(error);
  }
  const spines = await ingressSpines(bed);
  const hasQueue: Shaper["hasQueue"] = (link, direction, rate) =>
    link === (direction === "egress" ? nicName(rate) : spines.get(nicName(rate)));
  return { name: "GONA", bed, directions, hasQueue, [Symbol.asyncDispose]: () => bed[Symbol.asyncDispose]() };
}

/** The links whose queues hold what comes in by each NIC, by what GONA writes on them. */
async function ingressSpines({ hub }: QosBed): Promise<ReadonlyMap<string, string>> {
  const links = JSON.parse(await runCommand("ip", ["-n", hub, "-j", "link", "show"])) as {
    ifname: string;
    ifalias?: string;
  }[];
  return new Map(
    links.flatMap(({ ifname, ifalias = "" }) => {
      const nic = /\["spine","in ([^"]+)"\]/.exec(ifalias)?.[1];
      return nic === undefined ? [] : [[nic, ifname] as const];
    }),
  );
}

/**
 * HTB with the bursts that tc chooses, and its default leaf: on the NIC for what a guest sends, on the guest's link
 * for what it gets. Incus (limits.ingress) and libvirt (inbound) set the latter so; for what guests send, both
 * have a policer, which this kernel may lack and which DATAPATH.md H measured at -5 to -97 % for TCP.
 */
export const defaultHtbShaper = (megabits: readonly number[]): Promise<Shaper> =>
  bridgeShaper("HTB by tc's defaults", "bench-default", megabits, (link, rate) => [
    `qdisc add dev ${link} root handle 1: htb default 10`,
    `class add dev ${link} parent 1: classid 1:10 htb rate ${rate}bit`,
  ]);

/** TBF as the CNI bandwidth plugin makes it: at most 25 ms of queue. Its burst is the user's; here rate / HZ. */
export const cniTbfShaper = (megabits: readonly number[]): Promise<Shaper> =>
  bridgeShaper("TBF as in CNI", "bench-tbf", megabits, (link, rate) => [
    `qdisc add dev ${link} root handle 1: tbf rate ${rate}bit burst ${Math.max(TBF_LEAST_BYTES, Math.ceil(rate / 8 / HZ))} latency 25ms`,
  ]);

async function bridgeShaper(
  name: string,
  key: string,
  megabits: readonly number[],
  lines: (link: string, rate: number) => readonly string[],
): Promise<Shaper> {
  const bed = await QosBed.bridged(key, spec(megabits, []), "each");
  try {
    const all = megabits.flatMap((rate, index) =>
      [nicName(index), guestDevice(index)].flatMap((link) => lines(link, megabitsPerSecond(rate))),
    );
    await runCommand("tc", ["-n", bed.hub, "-batch", "-"], `${all.join("\n")}\n`);
    const hasQueue: Shaper["hasQueue"] = (link, direction, rate) =>
      link === (direction === "egress" ? nicName(rate) : guestDevice(rate));
    return {
      name,
      bed,
      directions: ["egress", "ingress"],
      hasQueue,
      [Symbol.asyncDispose]: () => bed[Symbol.asyncDispose](),
    };
  } catch (error) {
    await bed[Symbol.asyncDispose]();
    throw error;
  }
}
