export * from "./bpf/bpf-info.ts";
export * from "./bpf/bpf-maps.ts";
export * from "./bpf/btf.ts";
export * from "./bpf/elf.ts";
export * from "./bpf/libbpf-map.ts";
export * from "./bpf/libbpf-program.ts";
export * from "./bpf/load-bpf-object.ts";
export { PinnedPrograms, pinPrograms } from "./bpf/pinned-programs.ts";
export { RingBuffer } from "./bpf/ring-buffer.ts";
export * from "./bpf-object.ts";
export { describeHtbClass, describeOp, describeQdisc } from "./describe-op.ts";
export { DomainKernel } from "./domain/domain-kernel.ts";
export type { DomainWriter } from "./domain/domain-writer.ts";
export { PlacedKernel, type PlaceKernel } from "./domain/placed-kernel.ts";
export { FakeKernel, type FakeTestRun } from "./fake/fake-kernel.ts";
export type { FakeKernelOptions } from "./fake/fake-kernel-options.ts";
export type { FakeLinkOptions, FakePeer } from "./fake/fake-link.ts";
export type { FakeMapDefinition } from "./fake/fake-map.ts";
export type { FakeVfDriver, FakeVfsOptions } from "./fake/fake-vfs.ts";
export { formatKernelState, type KernelStateFormat } from "./format-kernel-state.ts";
export { isBpffs, mountBpffs, unmountBpffs } from "./host/bpffs.ts";
export { type Capability, missingCapabilities, NEEDED_CAPABILITIES } from "./host/capabilities.ts";
export { startCpuTimers } from "./host/cpu-timers.ts";
export { FileLock } from "./host/file-lock.ts";
export { type KernelFacts, kernelFacts } from "./host/kernel-facts.ts";
export { LinuxTaps, type TapOutcome, type Taps, UNLIMITED_SEND_BUFFER } from "./host/linux-taps.ts";
export { NamespaceLock } from "./host/namespace-lock.ts";
export { type NicFacts, nicFacts } from "./host/nic-facts.ts";
export { notifyManager } from "./host/notify-manager.ts";
export { offersQdisc } from "./host/offers-qdisc.ts";
export { makePersistentTap } from "./host/persistent-tap.ts";
export { setTapCarriers } from "./host/tap-carriers.ts";
export { timerLateness } from "./host/timer-lateness.ts";
export { type VfFacts, vfFacts } from "./host/vf-facts.ts";
export * from "./kernel.ts";
export * from "./kernel-error.ts";
export * from "./kernel-op.ts";
export { check, errnoName, errnoNumber, errnoWords } from "./libc/errno.ts";
export { Fd } from "./libc/fd.ts";
export { FdWatcher } from "./libc/fd-watcher.ts";
export { addressOf, errno, libc } from "./libc/libc.ts";
export { trimMemory } from "./libc/trim-memory.ts";
export { LinuxKernel, type LinuxKernelOptions, type LoadedBpf } from "./linux/linux-kernel.ts";
export { domainNamespace, ownNamespaceName } from "./namespace/domain-namespace.ts";
export { HeldNamespace } from "./namespace/held-namespace.ts";
export { hostNamespaces, type NamespaceSource } from "./namespace/host-namespaces.ts";
export { inNamespace, namespacePath } from "./namespace/in-namespace.ts";
export {
  createNamespace,
  deleteNamespace,
  enterCommand,
  listNamespaces,
  sweepNamespaces,
} from "./namespace/named-namespaces.ts";
export { NetlinkSocket, type Refused } from "./netlink/netlink-socket.ts";
export { FrameListener } from "./packet/frame-listener.ts";
export { FramePort, type FramePortOptions } from "./packet/frame-port.ts";
export { PacketReceiver } from "./packet/packet-receiver.ts";
export { PacketSender, type PacketSenderOptions } from "./packet/packet-sender.ts";
export { CgroupLeaf, canMakeCgroups, oomKillsOfMachine } from "./process/cgroup-leaf.ts";
export { onCpus } from "./process/on-cpus.ts";
export { hasEnded, type ProcessFacts, processFacts } from "./process/process-facts.ts";
export { ProcessHandle } from "./process/process-handle.ts";
export { pidsNaming, processesNaming } from "./process/processes-naming.ts";
export * from "./virtual-function.ts";
export type { MacvlanMode } from "./virtual-link.ts";
