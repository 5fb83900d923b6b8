/** A network card of the guest: a tap in the namespace that QEMU runs in. */
export interface GuestNic {
  readonly tap: string;
  readonly mac: string;
  /**
   * Bytes that may wait below the tap before QEMU stops taking frames from the guest (TUNSETSNDBUF): back-pressure
   * without loss. Absent: no limit, and a shaper above drops what is too much.
   */
  readonly sendBufferBytes?: number;
}

export interface MachineOptions {
  readonly kernelImage: string;
  readonly initramfs: string;
  readonly memoryMebibytes: number;
  readonly processors: number;
  /** Unix socket that the host listens on for the control port. */
  readonly controlSocket: string;
  readonly nics: readonly GuestNic[];
  /** Unix socket of a virtiofsd that shares a folder under the tag `host`. */
  readonly shareSocket?: string;
}

/** Program and machine for each processor that GONA runs on; software emulation, since test machines have no KVM. */
const MACHINES: Readonly<Record<string, { program: string; machine: string; console: string }>> = {
  x64: { program: "qemu-system-x86_64", machine: "q35", console: "ttyS0" },
  arm64: { program: "qemu-system-aarch64", machine: "virt", console: "ttyAMA0" },
};

/** The command line for a guest; undefined for a processor that GONA does not run on. */
export function qemuArguments(options: MachineOptions, processor: string): readonly string[] | undefined {
  const known = MACHINES[processor];
  if (known === undefined) return undefined;
  return [
    known.program,
    ...["-machine", `${known.machine},accel=tcg`, "-cpu", "max", "-smp", String(options.processors)],
    ...["-m", `${options.memoryMebibytes}M`, "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none"],
    ...["-kernel", options.kernelImage, "-initrd", options.initramfs],
    ...["-append", `console=${known.console} quiet loglevel=4 panic=-1 random.trust_cpu=on mitigations=off`],
    ...["-serial", "stdio"],
    ...["-device", "virtio-serial-pci", "-chardev", `socket,id=control,path=${options.controlSocket}`],
    ...["-device", "virtserialport,chardev=control,name=gona.control"],
    ...options.nics.flatMap(nicArguments),
    ...(options.shareSocket === undefined ? [] : shareArguments(options.shareSocket, options.memoryMebibytes)),
  ];
}

function nicArguments({ tap, mac, sendBufferBytes }: GuestNic, index: number): readonly string[] {
  const limit = sendBufferBytes === undefined ? "" : `,sndbuf=${sendBufferBytes}`;
  return [
    ...["-netdev", `tap,id=net${index},ifname=${tap},script=no,downscript=no${limit}`],
    ...["-device", `virtio-net-pci,netdev=net${index},mac=${mac},romfile=`],
  ];
}

/** virtiofs wants the guest's memory to be shared with the daemon that serves the files. */
function shareArguments(socket: string, memoryMebibytes: number): readonly string[] {
  return [
    ...["-object", `memory-backend-memfd,id=memory,size=${memoryMebibytes}M,share=on`, "-numa", "node,memdev=memory"],
    ...["-chardev", `socket,id=share,path=${socket}`, "-device", "vhost-user-fs-pci,chardev=share,tag=host"],
  ];
}
