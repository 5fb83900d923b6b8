import { expect, test } from "vitest";
import { ipText } from "../src/ip-bytes.ts";
import { macText } from "../src/mac-bytes.ts";
import { readNeighbours } from "../src/neighbours.ts";
import { arp, BROADCAST, ethernet, ipv6, neighbourSolicitation, sourceMac } from "./packets.ts";
import { DB_0, hostBench, OTHER, PEER } from "./test-host.ts";

test("machines that speak ARP or neighbour discovery on the wire are remembered, those that look for an address are not", () => {
  using bench = hostBench();
  const known = () =>
    readNeighbours({ map: (name: string) => bench.object.map(name) } as never).map(
      ({ fabric, vlan, mac, address }) => `${fabric}/${vlan} ${macText(mac)} ${ipText(address)}`,
    );
  const request = (sender: string) =>
    ethernet({ to: BROADCAST, from: PEER }, arp({ op: "request", senderMac: PEER, sender, target: "10.0.0.77" }));
  expect(known()).toEqual([]);
  bench.fromWire(0, request("0.0.0.0"));
  expect(known()).toEqual([]);
  bench.fromWire(0, request("10.0.0.9"));
  expect(known()).toEqual([`1/0 ${PEER} 10.0.0.9`]);
  // An answer to a guest's question, to the MAC of its slice.
  const reply = arp({ op: "reply", senderMac: OTHER, sender: "10.0.0.8", targetMac: DB_0, target: "10.0.0.2" });
  bench.fromWire(0, ethernet({ to: DB_0, from: OTHER }, reply));
  expect(known()).toEqual([`1/0 ${OTHER} 10.0.0.8`, `1/0 ${PEER} 10.0.0.9`]);
  const solicitation = neighbourSolicitation("fd00::77", sourceMac(PEER));
  const question = ethernet(
    { to: "33:33:ff:00:00:77", from: PEER, tag: { vlan: 30 } },
    ipv6({ from: "fd00::9", to: "ff02::1:ff00:77" }, solicitation),
  );
  bench.fromWire(0, question);
  expect(known()[0]).toBe(`1/30 ${PEER} fd00::9`);
});
