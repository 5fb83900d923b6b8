import { GonaError } from "@gona/model";
import { expect, test } from "vitest";
import { DaemonBed } from "./daemon-bed.ts";
import { run } from "./run.ts";

const spec = (slice: string, vif: string): { text: string } => ({
  text: `apiVersion: gona/v1
nics: [{ name: eth1, capacity: 1Gbit }]
guests:
  - name: vm1
    vif: { ${vif}mac: "52:54:00:da:00:01" }
    aggregate: { slices: [{ nic: eth1, ${slice}, egress: { limit: 100Mbit } }] }
`,
});
const MACVTAP = spec("path: macvtap", "device: mt-vm1, ");
const PRIVATE = spec("path: macvtap, mode: private", "device: mt-vm1, ");
const SRIOV = spec("path: sriov, vf: 0", "");

interface Shown {
  readonly ifindex: number;
  readonly operstate: string;
  readonly linkinfo: { readonly info_kind: string; readonly info_data: { readonly mode: string } };
}

/** As iproute2 sees it; undefined: it is not there. */
function macvtap(bed: DaemonBed): Shown | undefined {
  const links = JSON.parse(run("ip", "-n", bed.netns("hub"), "-j", "-d", "link", "show", "type", "macvtap")) as Shown[];
  return links[0];
}

test("a guest's macvtap outlives the daemon, and is refused nothing but what a NIC lacks", {
  timeout: 300_000,
}, async () => {
  await using bed = new DaemonBed("gona-da", []);
  const first = bed.spawnDaemon();
  await first.line("ready", (line) => line.msg === "ready");
  await bed.client.apply(MACVTAP);
  const made = macvtap(bed);
  expect(made).toMatchObject({ linkinfo: { info_kind: "macvtap", info_data: { mode: "bridge" } } });
  const { guests } = await bed.client.status();
  expect(guests).toMatchObject([{ name: "vm1", state: "active", slices: [{ path: "macvtap", state: "active" }] }]);

  await first.stop("SIGKILL");
  const second = bed.spawnDaemon();
  await second.line("ready", (line) => line.msg === "ready");
  await bed.client.apply(MACVTAP);
  expect(macvtap(bed)?.ifindex).toBe(made?.ifindex);

  const refusal: unknown = await bed.client.apply(SRIOV).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(GonaError);
  expect(String(refusal)).toMatch(/eth1 has no SR-IOV \(driver veth\)/);
  expect(macvtap(bed)?.ifindex).toBe(made?.ifindex);

  await bed.client.apply(PRIVATE);
  expect(macvtap(bed)).toMatchObject({ linkinfo: { info_data: { mode: "private" } } });
  expect((await bed.client.plan(PRIVATE)).steps).toEqual([]);
  await bed.client.apply({ text: "apiVersion: gona/v1\nnics: [{ name: eth1, capacity: 1Gbit }]\nguests: []\n" });
  expect(macvtap(bed)).toBeUndefined();
  await second.stop("SIGTERM");
});
