/** A network card that QEMU emulates for a driver domain. */
export interface DeviceModel {
  /** QEMU's name for it. */
  readonly device: string;
  /** Kernel modules that drive it. */
  readonly modules: readonly string[];
  /** Bytes; the largest that the emulated card and its driver take. */
  readonly maxMtu: number;
}

/** By the spec's word. */
export const DEVICE_MODELS = {
  e1000: { device: "e1000", modules: ["e1000"], maxMtu: 9000 },
  rtl8139: { device: "rtl8139", modules: ["8139cp"], maxMtu: 1500 },
  vmxnet3: { device: "vmxnet3", modules: ["vmxnet3"], maxMtu: 9000 },
  virtio: { device: "virtio-net-pci", modules: ["virtio_net"], maxMtu: 9000 },
} as const satisfies Readonly<Record<string, DeviceModel>>;

export type EmulatedDevice = keyof typeof DEVICE_MODELS;
