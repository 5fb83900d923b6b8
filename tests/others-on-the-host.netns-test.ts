import { GonaError } from "@gona/model";
import { expect, test } from "vitest";
import { DaemonBed, endStream, type JsonProcess } from "./daemon-bed.ts";
import { run } from "./run.ts";

const specText = (bed: DaemonBed) => `apiVersion: gona/v1
nics:
  - { name: eth1, capacity: 2Gbit, fabric: rack }
  - { name: eth2, capacity: 2Gbit, fabric: rack }
guests:
  - name: steady
    vif: { create: { netns: ${bed.netns("steady")}, name: eth0 }, mac: "52:54:00:d5:00:01", addresses: [10.9.0.1] }
    aggregate: { slices: [{ nic: eth1, egress: { limit: 500Mbit } }, { nic: eth2, egress: { limit: 500Mbit } }] }
`;

const ready = (daemon: JsonProcess) => daemon.line("ready", (line) => line.msg === "ready");
const inHub = (bed: DaemonBed, tool: "ip" | "tc" | "bridge", ...words: string[]) =>
  run(tool, "-n", bed.netns("hub"), ...words);

/** Queues, filters and link names of the hub, without numbers that count on. */
function hubState(bed: DaemonBed): string {
  const filters = ["eth1", "eth2"].map((nic) => inHub(bed, "tc", "filter", "show", "dev", nic, "ingress"));
  const links = inHub(bed, "ip", "-br", "link").replaceAll(/ .*$/gm, "");
  return [inHub(bed, "tc", "qdisc"), ...filters, links].join("\n").replaceAll(/ (id|refcnt) \d+/g, "");
}

test("what others attached to a NIC stays: a root qdisc is refused, a filter lives beside GONA's", async () => {
  await using bed = new DaemonBed("gona-r5", []);
  await ready(bed.spawnDaemon());
  inHub(bed, "tc", "qdisc", "add", "dev", "eth1", "clsact");
  const mark = ["dev", "eth1", "ingress", "pref", "7", "protocol", "ip", "u32", "match", "u32", "0", "0"];
  inHub(bed, "tc", "filter", "add", ...mark, "flowid", "1:1");
  inHub(bed, "tc", "qdisc", "add", "dev", "eth2", "root", "handle", "1:", "htb", "default", "10");
  const before = hubState(bed);
  const refusal: unknown = await bed.client.apply({ text: specText(bed) }).catch((error: unknown) => error);
  expect(refusal).toMatchObject({
    code: "APPLY_ROLLED_BACK",
    message: expect.stringMatching(
      /eth2 has a root qdisc that is not GONA.s.*found "1: htb .*tc qdisc delete dev eth2 root/,
    ),
  });
  expect(refusal).toBeInstanceOf(GonaError);
  // Clsact is shared, and so never taken away again. What the kernel itself sends by a NIC is counted meanwhile.
  const withoutClsact = (text: string) =>
    text.replaceAll(/^qdisc clsact .*\n/gm, "").replaceAll(/ direct_packets_stat \d+/g, "");
  expect(withoutClsact(hubState(bed))).toBe(withoutClsact(before));

  inHub(bed, "tc", "qdisc", "delete", "dev", "eth2", "root");
  const free = hubState(bed);
  await bed.client.apply({ text: specText(bed) });
  const both = inHub(bed, "tc", "filter", "show", "dev", "eth1", "ingress");
  expect(both).toMatch(/pref 7 u32/);
  expect(both).toMatch(/gona_from_wire/);
  await bed.client.teardown();
  expect(withoutClsact(hubState(bed))).toBe(withoutClsact(free));
});

test("the host's own traffic on a NIC goes on while GONA comes and goes", async () => {
  await using bed = new DaemonBed("gona-r5", []);
  await ready(bed.spawnDaemon());
  inHub(bed, "ip", "addr", "add", "10.9.1.1/16", "dev", "eth1");
  const streams = [
    await bed.startStream("hub", "switch", "10.9.255.1", 5401, 1000),
    await bed.startStream("switch", "hub", "10.9.1.1", 5402, 1000),
  ];
  for (let round = 0; round < 3; round++) {
    await bed.client.apply({ text: specText(bed) });
    run("ip", "-n", bed.netns("switch"), "neigh", "flush", "dev", "br0");
    inHub(bed, "ip", "neigh", "flush", "dev", "eth1");
    await bed.client.teardown();
  }
  for (const stream of streams) {
    const { sent, received } = await endStream(stream);
    expect(sent).toBeGreaterThan(100);
    // The kernel drops what is sent while it swaps a link's root qdisc (dev_deactivate), a ms or two each time.
    expect(sent - received).toBeLessThan(sent / 20);
  }
});

test("peers reach a guest by its other NIC when the link of one vanishes, and it comes back as it was", async () => {
  await using bed = new DaemonBed("gona-r5", []);
  await ready(bed.spawnDaemon());
  await bed.client.apply({ text: specText(bed) });
  bed.dressSteadyGuest();
  const streams = await bed.startTraffic(1000);
  const slices = async () => (await bed.client.guests())[0]?.slices.map(({ nic, state }) => `${nic} ${state}`);
  const settled = (wanted: string[]) => expect.poll(slices, { interval: 20 }).toEqual(wanted);
  // The NIC whose MAC the peer has learnt: frames for it are nobody's where GONA forgets it with the link.
  const learnt = /lladdr (\S+)/.exec(run("ip", "-n", bed.netns("switch"), "neigh", "show", "10.9.0.1"))?.[1] ?? "";
  const fdb = run("bridge", "-n", bed.netns("switch"), "fdb", "show");
  const nic = new RegExp(`${learnt} dev to-(\\S+)`).exec(fdb)?.[1] ?? "";
  expect(["eth1", "eth2"]).toContain(nic);

  inHub(bed, "ip", "link", "delete", nic);
  await settled(["eth1", "eth2"].map((name) => `${name} ${name === nic ? "pending" : "active"}`));
  const wire = bed.netns("switch");
  inHub(bed, "ip", "link", "add", nic, "type", "veth", "peer", "name", `to-${nic}`, "netns", wire);
  run("ip", "-n", wire, "link", "set", `to-${nic}`, "master", "br0", "up");
  await settled(["eth1 active", "eth2 active"]);
  expect((await bed.client.events()).map(({ kind }) => kind)).not.toContain("reconcile-failed");
  for (const stream of streams) {
    const { sent, received } = await endStream(stream);
    // Without the station it was all of them until the peer's neighbour entry failed, 7 s and more.
    expect(sent - received).toBeLessThan(sent / 10);
  }
});
