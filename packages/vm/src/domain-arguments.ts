import { DEVICE_MODELS, type EmulatedDevice } from "./device-model.ts";

/** What one NIC has in a driver domain's virtual machine: a trunk to the hub, and the device. */
export interface MachineNic {
  /** Without spaces, unique in the machine: what `j` and `c` call it. */
  readonly id: string;
  readonly trunk: MachineLink;
  readonly device: MachineLink & { readonly model: EmulatedDevice };
  readonly mtu: number;
}

/** A card of the machine over a tap of the host. */
export interface MachineLink {
  readonly tap: string;
  readonly mac: string;
}

export interface DomainMachine {
  /** Shown in lists of processes. */
  readonly name: string;
  readonly kernel: string;
  readonly initramfs: string;
  readonly memoryMebibytes: number;
  readonly acceleration: "kvm" | "tcg";
  /** Unix sockets that QEMU listens on. */
  readonly controlSocket: string;
  readonly monitorSocket: string;
  /** Where the guest's last words go: it prints nothing but a panic. */
  readonly wordsFile: string;
  readonly nics: readonly MachineNic[];
  /** Cards of the host that are handed to it, by PCI address. */
  readonly passedThrough?: readonly string[];
}

export const QEMU = "qemu-system-x86_64";

/** The console is for a panic alone, which a log level of 0 would keep to itself; the rest leaves out what an emulated processor would spend its boot on. */
const KERNEL_WORDS = [
  "console=ttyS0 quiet loglevel=1 panic=-1 rdinit=/init random.trust_cpu=on mitigations=off nokaslr",
  "cryptomgr.notests audit=0 ipv6.disable=1 nmi_watchdog=0 unknown_nmi_panic 8250.nr_uarts=1",
  "i8042.noaux i8042.nokbd i8042.noprobe transparent_hugepage=never",
].join(" ");

/** QEMU's command line without its own name; undefined for a processor that this is not built for. PCI of the old kind, since its slots take a card at any time, and it boots as fast. */
export function domainArguments(machine: DomainMachine, processor: string): readonly string[] | undefined {
  if (processor !== "x64") return undefined;
  const accelerated = machine.acceleration === "kvm";
  return [
    ...["-name", machine.name, "-machine", `pc,accel=${machine.acceleration},usb=off,vmport=off,hpet=off`],
    ...["-cpu", accelerated ? "host" : "qemu64", "-smp", "1", "-m", `${machine.memoryMebibytes}M`],
    ...["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none"],
    // Whatever breaks out of the guest starts no program and changes no user.
    ...["-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny"],
    ...["-kernel", machine.kernel, "-initrd", machine.initramfs, "-append", KERNEL_WORDS],
    ...["-chardev", `file,id=words,path=${machine.wordsFile}`, "-device", "isa-serial,chardev=words"],
    ...["-device", "virtio-serial-pci", "-device", "pvpanic-pci"],
    ...["-chardev", `socket,id=control,path=${machine.controlSocket},server=on,wait=off`],
    ...["-device", "virtserialport,chardev=control,name=gona.control"],
    ...["-chardev", `socket,id=monitor,path=${machine.monitorSocket},server=on,wait=off`],
    ...["-mon", "chardev=monitor,mode=control"],
    ...machine.nics.flatMap((nic) => plugs(nic).flatMap(commandLine)),
    ...(machine.passedThrough ?? []).flatMap((address) => ["-device", `vfio-pci,host=${address}`]),
  ];
}

/** One card: what backs it and the device itself, as QMP's netdev_add and device_add take them. */
export interface Plug {
  readonly backend: { readonly id: string } & Readonly<Record<string, string | boolean>>;
  readonly device: { readonly id: string; readonly driver: string } & Readonly<Record<string, string>>;
}

/** Trunk first. */
export function plugs({ id, trunk, device, mtu }: MachineNic): readonly [Plug, Plug] {
  const mtuWord = mtu > 1500 ? { host_mtu: String(mtu) } : {};
  return [
    plug(`t-${id}`, trunk, "virtio-net-pci", mtuWord),
    plug(`d-${id}`, device, DEVICE_MODELS[device.model].device, device.model === "virtio" ? mtuWord : {}),
  ];
}

const plug = (id: string, { tap, mac }: MachineLink, driver: string, more: Readonly<Record<string, string>>): Plug => ({
  backend: { id: `n${id}`, type: "tap", ifname: tap, script: "no", downscript: "no" },
  device: { id, driver, netdev: `n${id}`, mac, romfile: "", ...more },
});

function commandLine({ backend: { type, ...backend }, device: { driver, ...device } }: Plug): readonly string[] {
  const words = (options: Readonly<Record<string, string | boolean>>): string =>
    Object.entries(options)
      .map(([key, value]) => `,${key}=${String(value).replaceAll(",", ",,")}`)
      .join("");
  return ["-netdev", `${type}${words(backend)}`, "-device", `${driver}${words(device)}`];
}
