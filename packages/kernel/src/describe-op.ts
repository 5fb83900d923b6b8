import { formatTcHandle, type HtbClass, type KernelOp, type Qdisc } from "./kernel-op.ts";
import type { VfChange } from "./virtual-function.ts";

/** The operation in the words of ip, tc or bpftool, for errors and logs. */
export function describeOp(op: KernelOp): string {
  switch (op.op) {
    case "vethCreate":
      return `ip link add ${op.link} type veth peer name ${op.peer.name} netns ${op.peer.netns}`;
    case "vethPairCreate":
      return `ip link add ${op.link} mtu ${op.mtu} type veth peer name ${op.peer} mtu ${op.mtu}${op.netns === undefined ? "" : ` netns ${op.netns}`}`;
    case "macvtapCreate":
      return `ip link add ${op.link} link ${op.lower} address ${op.mac} type macvtap mode ${op.mode}`;
    case "vfSet":
      return `ip link set dev ${op.link} vf ${op.vf}${describeVfChange(op)}`;
    case "linkDelete":
      return `ip link delete dev ${op.link}`;
    case "linkMove":
      return `ip link set dev ${op.link} netns ${op.netns}`;
    case "linkSet":
      return `ip link set dev ${op.link}${describeLinkChange(op)}`;
    case "qdiscReplace":
      return `tc qdisc replace dev ${op.link} ${place(op.parent)}${op.handle === 0 ? "" : ` handle ${formatTcHandle(op.handle)}`} ${describeQdisc(op.qdisc)}`;
    case "qdiscDelete":
      return `tc qdisc delete dev ${op.link} ${place(op.parent)} handle ${formatTcHandle(op.handle)}`;
    case "classReplace":
      return `tc class replace dev ${op.link} ${place(op.parent)} classid ${formatTcHandle(op.classid)} ${describeHtbClass(op.htb)}`;
    case "classDelete":
      return `tc class delete dev ${op.link} classid ${formatTcHandle(op.classid)}`;
    case "filterReplace":
      return `tc filter replace dev ${op.link} ${op.hook ?? "ingress"} pref ${op.preference} bpf direct-action object ${op.program} classid 0x${op.classid.toString(16)}`;
    case "filterDelete":
      return `tc filter delete dev ${op.link} ingress pref ${op.preference}`;
    case "mapPut":
      return `bpftool map update name ${op.map} key ${hex(op.key)}`;
    case "mapDelete":
      return `bpftool map delete name ${op.map} key ${hex(op.key)}`;
  }
}

/** `htb default 0x2 direct_qlen 1000`: a qdisc's kind and options in tc's words. */
export function describeQdisc(qdisc: Qdisc): string {
  switch (qdisc.kind) {
    case "htb":
      return `htb default 0x${qdisc.defaultMinor.toString(16)} direct_qlen ${qdisc.directQueueLength}${qdisc.offload ? " offload" : ""}`;
    case "clsact":
      return "clsact";
    case "bfifo":
      return `bfifo limit ${qdisc.limitBytes}b`;
    case "pfifo":
      return `pfifo limit ${qdisc.limitPackets}p`;
    case "tbf":
      return `tbf rate ${bits(qdisc.rateBytesPerSecond)} buffer ${qdisc.bufferTicks}t limit ${qdisc.limitBytes}b`;
    case "fq_codel":
      return `fq_codel limit ${qdisc.limitPackets}p${qdisc.flows === undefined ? "" : ` flows ${qdisc.flows}`} quantum ${qdisc.quantumBytes}b target ${qdisc.targetUs}us interval ${qdisc.intervalUs}us memory_limit ${qdisc.memoryLimitBytes}b${qdisc.ecn ? " ecn" : " noecn"}`;
    case "fq":
      return `fq limit ${qdisc.limitPackets}p flow_limit ${qdisc.flowLimitPackets}p`;
    case "other":
      return qdisc.name;
  }
}

/** `t` are ticks of 64 ns; every figure as the kernel holds it, so equal text means equal state. */
export const describeHtbClass = (htb: HtbClass): string =>
  `htb prio ${htb.priority} quantum ${htb.quantumBytes}b rate ${bits(htb.rateBytesPerSecond)} ceil ${bits(htb.ceilBytesPerSecond)} buffer ${htb.bufferTicks}t cbuffer ${htb.cbufferTicks}t${htb.overheadBytes === undefined ? "" : ` overhead ${htb.overheadBytes}b`}${htb.offload ? " offload" : ""}`;

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const bits = (bytesPerSecond: number): string => `${bytesPerSecond * 8}bit`;
const place = (parent: Parameters<typeof formatTcHandle>[0]): string =>
  parent === 0xfffffff1 ? "clsact" : parent === 0xffffffff ? "root" : `parent ${formatTcHandle(parent)}`;

function describeLinkChange(op: Extract<KernelOp, { op: "linkSet" }>): string {
  let words = "";
  if (op.mac !== undefined) words += ` address ${op.mac}`;
  if (op.mtu !== undefined) words += ` mtu ${op.mtu}`;
  if (op.txQueueLength !== undefined) words += ` txqueuelen ${op.txQueueLength}`;
  if (op.alias !== undefined) words += ` alias ${JSON.stringify(op.alias)}`;
  if (op.promiscuous !== undefined) words += ` promisc ${op.promiscuous ? "on" : "off"}`;
  if (op.up !== undefined) words += op.up ? " up" : " down";
  return words;
}

/** In the words of `ip link set dev NIC vf N`. */
export function describeVfChange({ mac, vlan, rate, spoofCheck, linkState, trust }: Omit<VfChange, "vf">): string {
  let words = "";
  if (mac !== undefined) words += ` mac ${mac}`;
  if (vlan !== undefined) words += ` vlan ${vlan}`;
  if (rate !== undefined) words += ` max_tx_rate ${rate.maxMegabits} min_tx_rate ${rate.minMegabits}`;
  if (spoofCheck !== undefined) words += ` spoofchk ${spoofCheck ? "on" : "off"}`;
  if (linkState !== undefined) words += ` state ${linkState}`;
  if (trust !== undefined) words += ` trust ${trust ? "on" : "off"}`;
  return words;
}
