import { ipBatch, runInside } from "../../bed/run-command.ts";
import { SLOWNESS } from "../../bed/slowness.ts";
import { waitUntil } from "../../bed/wait-until.ts";
import { bridgeHop, bridgeOf, DOMAIN, domainOf, routingHop } from "./domain-hops.ts";
import { addHtb } from "./htb-by-hand.ts";
import { type BenchPath, GUEST, NIC, type PathVariant, VIF } from "./topology.ts";

const BOOT_MS = 120_000 * SLOWNESS;

const bridge = ({ host }: BenchPath): Promise<void> => ipBatch(host.hub, bridgeOf(VIF, NIC));

async function bridgeAndHtb(path: BenchPath): Promise<void> {
  await bridge(path);
  await addHtb(path.host.hub);
}

/** HTB stands at the NIC, in the domain. */
const hopAndHtb = (hop: PathVariant["join"]) => async (path: BenchPath) => {
  await hop(path);
  await addHtb(domainOf(path));
};

/** Choosing the class by the guest's MAC, as one must when there is more than one guest. */
async function bridgeHtbAndFilter(path: BenchPath): Promise<void> {
  await bridgeAndHtb(path);
  const filter = `filter add dev ${NIC} parent 1: protocol all prio 1 u32 match u32 0x52540000 0xffffffff at -8 match u16 0x0001 0xffff at -4 flowid 1:10`;
  await runInside(path.host.hub, "tc", filter.split(" "));
}

const spec = (isolation: string): string => `apiVersion: gona/v1
domains:
  - { name: ${DOMAIN}, isolation: ${isolation} }
fabrics:
  - { name: cable, probe: off }
nics:
  - { name: ${NIC}, domain: ${DOMAIN}, capacity: 100Gbit, fabric: cable, failback: 0s }
guests:
  - name: a
    vif: { device: ${VIF}, mac: "${GUEST.mac}", addresses: [${GUEST.address}] }
    aggregate: { slices: [ { nic: ${NIC}, egress: { reserve: 50Gbit, limit: 100Gbit } } ] }
`;

async function gona({ host }: BenchPath): Promise<void> {
  await host.startDaemon(spec("host"));
}

/** The data plane outlives the daemon; without the daemon nobody puts the qdisc back. */
async function gonaWithoutHtb(path: BenchPath): Promise<void> {
  const daemon = await path.host.startDaemon(spec("host"));
  await daemon.stop();
  await runInside(path.host.hub, "tc", ["qdisc", "delete", "dev", NIC, "root"]);
}

/** The NIC in a domain of the daemon's own. */
async function gonaHop({ host }: BenchPath): Promise<void> {
  await host.startDaemon(spec("netns"));
}

async function gonaHopWithoutHtb(path: BenchPath): Promise<void> {
  const daemon = await path.host.startDaemon(spec("netns"));
  await daemon.stop();
  await runInside(domainOf(path), "tc", ["qdisc", "delete", "dev", NIC, "root"]);
}

/** The NIC's driver in a virtual machine, and HTB at the trunk, in the hub. */
const machine = (device: string) => async (path: BenchPath) => {
  const { client } = path.host;
  await path.host.startDaemon(spec(`vm, device: ${device}`), BOOT_MS);
  const isUp = async (): Promise<true | undefined> =>
    (await client.nics()).every(({ state }) => state === "up") ? true : undefined;
  await waitUntil(`the virtual machine has ${NIC}`, isUp, { withinMs: BOOT_MS });
};

/** Each is measured once in each round. */
export const PATH_VARIANTS: readonly PathVariant[] = [
  { name: "direct veth", key: "direct", direct: true, join: async () => undefined },
  { name: "bridge", key: "br", join: bridge },
  { name: "bridge + HTB", key: "brhtb", join: bridgeAndHtb },
  { name: "bridge + HTB + filter by MAC", key: "brflt", join: bridgeHtbAndFilter },
  { name: "GONA", key: "gona", join: gonaWithoutHtb },
  { name: "GONA + HTB", key: "gonahtb", join: gona },
  { name: "hop by GONA", key: "hopgona", join: gonaHopWithoutHtb },
  { name: "hop by GONA + HTB", key: "hopgonahtb", join: gonaHop },
  { name: "hop by bridge", key: "hopbr", join: bridgeHop },
  { name: "hop by bridge + HTB", key: "hopbrhtb", join: hopAndHtb(bridgeHop) },
  { name: "hop by routing", key: "hoprt", join: routingHop },
  { name: "hop by routing + HTB", key: "hoprthtb", join: hopAndHtb(routingHop) },
  { name: "machine (virtio) by GONA + HTB", key: "vmvirtio", join: machine("virtio") },
  { name: "machine (e1000) by GONA + HTB", key: "vme1000", join: machine("e1000") },
];
