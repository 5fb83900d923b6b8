import type { PlannedSwitch, SwitchPort } from "./bed-plan.ts";
import type { OvsSwitch } from "./ovs-switch.ts";
import type { LearntMac } from "./switch-table.ts";

const BRIDGE = "br0";
/** The ports of NICs, where they are bundled. */
export const BUNDLE = "bond0";

/** Makes the switch's ports: those of NICs one bundle where it speaks LACP, all others by themselves. Throws GonaError. */
export async function plugIntoOvs(ovs: OvsSwitch, { ports, ovs: how }: PlannedSwitch): Promise<void> {
  const bundled = how === undefined || how.lacp === "off" ? [] : ports.filter(({ leadsTo }) => leadsTo.kind === "nic");
  await ovs.set("add-br", BRIDGE, "--", "set", "bridge", BRIDGE, "datapath_type=netdev");
  for (const port of ports) {
    if (bundled.includes(port)) continue;
    const tag = port.vlan === 0 ? [] : [`tag=${port.vlan}`];
    await ovs.set("add-port", BRIDGE, port.link, ...tag);
  }
  if (bundled.length === 0) return;
  const settings = ["bond_mode=balance-tcp", "lacp=active", `other_config:lacp-time=${how?.lacp}`];
  await ovs.set("add-bond", BRIDGE, BUNDLE, ...bundled.map(({ link }) => link), ...settings);
}

/** What it has learnt; of a bundle one port stands for all. */
export async function ovsTable(ovs: OvsSwitch, { ports }: PlannedSwitch): Promise<readonly LearntMac[]> {
  const numbers = new Map<string, SwitchPort>();
  for (const port of ports) numbers.set((await ovs.set("get", "interface", port.link, "ofport")).trim(), port);
  const shown = await ovs.ask("fdb/show", BRIDGE);
  return [...shown.matchAll(/^\s*(\d+)\s+\d+\s+([0-9a-f:]{17})\s/gm)].flatMap(([, number = "", mac = ""]) => {
    const port = numbers.get(number);
    return port === undefined ? [] : [{ mac, port: port.leadsTo }];
  });
}
