/** A spec that uses every field of the language; tests break it one field at a time. */
export const wholeSpec = () => ({
  apiVersion: "gona/v1",
  domains: [
    { name: "dd-intel", isolation: "netns", pci: ["0000:03:00.0"], drivers: ["ixgbe", "i40e"], cpus: [3, 1] },
    { name: "dd-vm", isolation: "vm", device: "e1000", memory: "256MiB", spare: true },
  ],
  fabrics: [
    { name: "rack", lag: false, probe: { interval: "10ms", lost: 2 } },
    { name: "storage", lag: true, lacp: "slow" },
  ],
  nics: [
    { name: "eth1", domain: "dd-intel", capacity: "10Gbit", fabric: "rack", failback: "5s", overhead: 24 },
    { name: "eth2", domain: "host", capacity: "1Gbit", fabric: "rack", failback: "500ms" },
    {
      name: "eth3",
      capacity: "25Gbit",
      fabric: "storage",
      host: { reserve: "2%", limit: "1Gbit", shares: 50 },
    },
  ],
  guests: [
    {
      name: "web1",
      vif: {
        device: "vnet0",
        mac: "52:54:00:aa:00:01",
        addresses: ["10.0.0.11", "2001:db8::11"],
        vlan: 20,
        trunk: [100, 101],
        antiSpoof: { mac: true, ip: true },
      },
      aggregate: {
        slices: [
          {
            nic: "eth1",
            egress: { reserve: "300Mbit", limit: "1Gbit", shares: 200 },
            ingress: { reserve: "1Mbit", limit: "2Gbit", shares: 3 },
          },
          { nic: "eth2", egress: { reserve: "10%", limit: "50%", shares: 1 } },
        ],
        limit: { egress: "1.2Gbit", ingress: "3Gbit", local: "8Gbit" },
        latency: "10ms",
        balance: "flowlet",
        onNicLoss: "keep-reserve",
        classes: [
          {
            name: "voice",
            match: { dscp: ["ef", 46], pcp: [5], protocol: "udp", ports: [443, "5000-5999"] },
            priority: 0,
            reserve: "20Mbit",
            limit: "10%",
            latency: "5ms",
            remark: { dscp: "af41", pcp: 6 },
          },
        ],
      },
    },
    {
      name: "db1",
      vifs: [
        {
          name: "disks",
          create: { netns: "db1", name: "eth0" },
          mac: "52:54:00:aa:00:02",
          aggregate: { want: { reserve: "1.5Gbit", limit: "4Gbit", shares: 300, fabric: "rack", survive: 1 } },
        },
      ],
    },
  ],
});
