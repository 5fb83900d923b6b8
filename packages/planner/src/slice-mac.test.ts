import { nicId } from "@gona/model";
import { expect, it } from "vitest";
import { sliceMac } from "./slice-mac.ts";
import { stableHash } from "./stable-hash.ts";

it("never changes: peers and switches hold these MACs", () => {
  expect(sliceMac("52:54:00:aa:00:01", nicId("eth1"))).toBe("5a:59:ea:f4:03:05");
  expect(sliceMac("52:54:00:aa:00:01", nicId("eth2"))).toBe("6a:4c:4c:cd:e3:f5");
  expect(sliceMac("52:54:00:aa:00:01", nicId("eth1"), 1)).toBe("e2:15:5e:bb:49:fa");
  expect(stableHash("web1 ns eth0")).toBe("3ef35b162941");
});

it("is locally administered and unicast", () => {
  for (let i = 0; i < 256; i++) {
    const first = Number.parseInt(sliceMac(`52:54:00:aa:00:${i.toString(16)}`, nicId("eth1")).slice(0, 2), 16);
    expect(first & 3).toBe(2);
  }
});

it("spreads: 40,000 guests and NICs share no hash", () => {
  const seen = new Set<string>();
  for (let guest = 0; guest < 10_000; guest++) {
    const mac = `52:54:00:00:${(guest >> 8).toString(16).padStart(2, "0")}:${(guest & 255).toString(16).padStart(2, "0")}`;
    for (const nic of ["eth1", "eth2", "eth3", "eth4"]) seen.add(sliceMac(mac, nicId(nic)));
  }
  expect(seen.size).toBe(40_000);
});
