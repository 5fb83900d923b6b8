import { type BitsPerSecond, formatRate } from "@gona/model";
import { DaemonUnderTest } from "../../bed/daemon-under-test.ts";
import { LabBed } from "../../bed/lab-bed.ts";
import { ipBatch, runCommand } from "../../bed/run-command.ts";
import { benchScenario } from "../bench-scenario.ts";

export const GUEST_ADDRESS = "10.0.0.11";
const CAPACITY = "20Gbit";

/** One way of holding a guest to a limit, on a bed of its own. */
export interface Shaper extends AsyncDisposable {
  readonly name: string;
  readonly bed: LabBed;
  setLimit(limit: BitsPerSecond): Promise<void>;
}

/** JSON is YAML. */
const spec = (limit: string): string =>
  JSON.stringify({
    apiVersion: "gona/v1",
    nics: [{ name: "eth1", capacity: CAPACITY, fabric: "rack" }],
    guests: [
      {
        name: "guest",
        vif: { device: "vm-guest", mac: "52:54:00:00:00:11", addresses: [GUEST_ADDRESS] },
        aggregate: { slices: [{ nic: "eth1", egress: { limit } }], balance: "hash" },
      },
    ],
  });

const scenario = (name: string) =>
  benchScenario(
    name,
    `
apiVersion: gona-lab/v1
title: One guest, one NIC, one limit
spec: ${spec("1Gbit")}
peers: [{ name: peer, fabric: rack, addresses: [10.0.0.100/24] }]
traffic:
  - { name: tcp1, kind: tcp, from: guest, to: peer, flows: 1 }
  - { name: tcp8, kind: tcp, from: guest, to: peer, flows: 8 }
  - { name: udp, kind: udp, from: guest, to: peer, rate: 1Gbit, flows: 1, datagramBytes: 1400 }
`,
  );

/** GONA's daemon. */
export async function gonaShaper(): Promise<Shaper> {
  const bed = await LabBed.build(scenario("bench-precise"));
  try {
    const daemon = await DaemonUnderTest.start(bed);
    return {
      name: "GONA",
      bed,
      setLimit: async (limit) => {
        await daemon.client.apply({ text: spec(formatRate(limit).replace(" ", "")), file: "precision.yaml" });
      },
      [Symbol.asyncDispose]: () => bed[Symbol.asyncDispose](),
    };
  } catch (error) {
    await bed[Symbol.asyncDispose]();
    throw error;
  }
}

/** What others do: a bridge, and HTB with the burst that tc chooses. */
export async function defaultHtbShaper(): Promise<Shaper> {
  const bed = await LabBed.build(scenario("bench-default"));
  const { hub } = bed.plan;
  try {
    await ipBatch(hub, [
      "link add br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0",
      "link set br0 up",
      "link set vm-guest master br0",
      "link set eth1 master br0",
    ]);
    await runCommand("tc", ["-n", hub, "qdisc", "add", "dev", "eth1", "root", "handle", "1:", "htb", "default", "10"]);
    return {
      name: "HTB by tc's defaults",
      bed,
      setLimit: async (limit) => {
        const rate = `${limit}bit`;
        await runCommand(
          "tc",
          ["-n", hub, "-batch", "-"],
          `class replace dev eth1 parent 1: classid 1:10 htb rate ${rate}\n`,
        );
      },
      [Symbol.asyncDispose]: () => bed[Symbol.asyncDispose](),
    };
  } catch (error) {
    await bed[Symbol.asyncDispose]();
    throw error;
  }
}
