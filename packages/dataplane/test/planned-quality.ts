/** Specs with everything that makes queues beyond the slices' own, for two NICs and the vif vnet0; each differs from the others in kind. */
export const QUALITY_SPECS: Readonly<Record<string, string>> = {
  plain: spec("{ slices: [{ nic: eth1, egress: { limit: 1Gbit } }, { nic: eth2, egress: { limit: 100Mbit } }] }"),
  everything: spec(
    `{ latency: 5ms, onNicLoss: keep-reserve, limit: { egress: 800Mbit, ingress: 900Mbit, local: 2Gbit },
      slices: [{ nic: eth1, egress: { reserve: 40Mbit, limit: 1Gbit }, ingress: { limit: 300Mbit } },
        { nic: eth2, egress: { limit: 100Mbit }, ingress: { reserve: 10Mbit } }],
      classes: [
        { name: voice, match: { dscp: [ef, 40] }, priority: 0, reserve: 20Mbit, latency: 2ms, remark: { dscp: 0, pcp: 5 } },
        { name: web, match: { protocol: tcp, ports: [80, "8000-8999"] }, limit: 80% },
        { name: bulk, match: { pcp: [1] }, priority: 7 }] }`,
    "host: { reserve: 100Mbit, limit: 5Gbit, shares: 200 }, overhead: 24, ",
  ),
  fewerClasses: spec(
    `{ limit: { egress: 400Mbit }, slices: [{ nic: eth1, egress: { limit: 1Gbit }, ingress: {} }],
      classes: [{ name: bulk, match: { pcp: [1] }, priority: 7 }] }`,
  ),
  latencyAlone: spec(
    "{ latency: 20.5ms, limit: { local: 64kbit }, slices: [{ nic: eth2, egress: { limit: 900Mbit } }] }",
  ),
  incomingCap: spec("{ limit: { ingress: 50Mbit }, slices: [{ nic: eth2, egress: {}, ingress: { limit: 40% } }] }"),
};

function spec(aggregate: string, nic = ""): string {
  return `apiVersion: gona/v1
nics:
  - { name: eth1, ${nic}capacity: 10Gbit, fabric: rack }
  - { name: eth2, capacity: 1Gbit, fabric: rack }
guests:
  - name: web1
    vif: { device: vnet0, mac: "52:54:00:aa:00:01", addresses: [10.0.0.11], vlan: 20 }
    aggregate: ${aggregate}
  - name: db1
    vif: { device: vnet1, mac: "52:54:00:aa:00:02" }
    aggregate: { slices: [{ nic: eth2, egress: { limit: 100Mbit } }] }
`;
}
