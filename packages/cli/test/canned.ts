import type { DeliveryRow, GuestView, NicView, SliceView, Status } from "@gona/api";

export const nic = (name: string, more: Partial<NicView> = {}): NicView => ({
  name,
  domain: "host",
  fabric: "rack",
  state: "up",
  capacityBitsPerSecond: 1e10,
  reservedBitsPerSecond: 3e8,
  txBytes: 1_234_567,
  rxBytes: 89,
  drops: 0,
  faults: [],
  ...more,
});

export const slice = (vif: string, on: string, more: Partial<SliceView> = {}): SliceView => ({
  guest: vif,
  vif,
  nic: on,
  direction: "egress",
  state: "active",
  reserveBitsPerSecond: 3e8,
  limitBitsPerSecond: 1e9,
  shares: 100,
  bucketShare: 0.5,
  txBytes: 1000,
  rxBytes: 2000,
  txPackets: 1,
  rxPackets: 2,
  drops: 0,
  ceMarks: 0,
  failovers: 0,
  ...more,
});

/** 400 of 800 Mbit/s on a NIC that is full. */
export const delivery = (more: Partial<DeliveryRow> = {}): DeliveryRow => ({
  guest: "web1",
  vif: "web1",
  nic: "eth1",
  direction: "egress",
  at: "2026-11-22T20:11:15.123Z",
  seconds: 1,
  offeredBitsPerSecond: 900e6,
  deliveredBitsPerSecond: 400e6,
  promisedBitsPerSecond: 800e6,
  errorPercent: -50,
  short: true,
  shortSeconds: 1,
  reason: { kind: "saturated", text: "NIC eth1 saturated" },
  ...more,
});

export const guest = (name: string, more: Partial<GuestView> = {}): GuestView => ({
  name,
  state: "active",
  vifs: [{ id: name, device: `vnet-${name}`, mac: "52:54:00:aa:00:01", addresses: [], vlan: 0, state: "active" }],
  slices: [slice(name, "eth1"), slice(name, "eth2")],
  ...more,
});

export const status = (more: Partial<Status> = {}): Status => ({
  converged: true,
  state: "converged",
  revision: 3,
  version: "0.1.0",
  pid: 42,
  startedAt: "2026-11-22T20:11:15.123Z",
  pending: [],
  lastError: null,
  nics: [nic("eth1"), nic("eth2", { state: "down", reason: "no carrier" })],
  guests: [guest("web1"), guest("db1", { state: "pending", reason: "there is no link vnet1 yet" })],
  domains: [
    {
      name: "host",
      isolation: "host",
      state: "up",
      restarts: 0,
      spare: null,
      pid: 42,
      since: "2026-01-01T00:00:00.000Z",
      cause: null,
      nics: ["eth1"],
    },
    {
      name: "dd-intel",
      isolation: "netns",
      state: "failed",
      restarts: 5,
      spare: null,
      pid: null,
      since: "2026-01-01T00:00:09.000Z",
      cause: "5 restarts in 60 s; cleared by `gona domain restart dd-intel`; last: killed by SIGKILL",
      nics: ["eth2"],
    },
  ],
  short: [],
  verdicts: { to_wire: 5, drop_spoofed_mac: 7, drop_vlan: 0 },
  ...more,
});

/** A spec of two NICs and two guests that fits. */
export const GOOD = `apiVersion: gona/v1
nics:
  - { name: eth1, capacity: 1Gbit }
  - { name: eth2, capacity: 1Gbit }
guests:
  - name: web1
    vif: { device: vnet0, mac: "52:54:00:aa:00:01" }
    aggregate: { slices: [{ nic: eth1, egress: { reserve: 300Mbit } }, { nic: eth2 }] }
  - name: db1
    vif: { device: vnet1, mac: "52:54:00:aa:00:02" }
    aggregate: { slices: [{ nic: eth1 }] }
`;
