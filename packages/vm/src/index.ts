export { type Acceleration, findAcceleration } from "./acceleration.ts";
export { type BootKernel, domainKernel, moduleFiles } from "./debian-kernel.ts";
export { DEVICE_MODELS, type DeviceModel, type EmulatedDevice } from "./device-model.ts";
export {
  type DomainMachine,
  domainArguments,
  type MachineLink,
  type MachineNic,
  plugs,
  QEMU,
} from "./domain-arguments.ts";
export { type ChannelEvents, type DeviceState, DomainChannel } from "./domain-channel.ts";
export { type DomainImage, domainImage } from "./domain-image.ts";
export { Monitor, type MonitorEvent } from "./monitor.ts";
