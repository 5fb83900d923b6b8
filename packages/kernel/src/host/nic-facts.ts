import { KernelError } from "../kernel-error.ts";
import { check, errnoName, lastError } from "../libc/errno.ts";
import { Fd } from "../libc/fd.ts";
import { addressOf, errno, libc } from "../libc/libc.ts";
import { inNamespace } from "../namespace/in-namespace.ts";
import { AF_INET, SOCK_CLOEXEC } from "../netlink/constants.ts";

const SOCK_DGRAM = 2;
const SIOCETHTOOL = 0x8946;
const ETHTOOL_GDRVINFO = 0x03;
const ETHTOOL_GSTRINGS = 0x1b;
const ETHTOOL_GSSET_INFO = 0x37;
const ETHTOOL_GFEATURES = 0x3a;
const ETHTOOL_GLINKSETTINGS = 0x4c;
const ETH_SS_FEATURES = 4;
const STRING_BYTES = 32;
const SPEED_UNKNOWN = 0xffffffff;

/** What the driver of a NIC says of itself. */
export interface NicFacts {
  /** `ixgbe`, `veth`; empty where the link has none that answers. */
  readonly driver: string;
  /** PCI address or the like; empty where there is none. */
  readonly bus: string;
  /** Absent while the link is down or where the driver cannot tell. */
  readonly speedBitsPerSecond?: number;
  /** The feature flag hw-tc-offload, which HTB offload needs, is on. */
  readonly tcOffload: boolean;
}

/**
 * By ethtool's ioctl, which unlike /sys answers for the namespace asked for. Throws KernelError:
 * ENODEV where there is no such link.
 */
export function nicFacts(link: string, netns?: string): NicFacts {
  const open = () => new Fd(check(libc.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket AF_INET"));
  using socket = netns === undefined ? open() : inNamespace(netns, open);
  const info = ethtool(socket, link, command(ETHTOOL_GDRVINFO, 196));
  const speed = readSpeed(socket, link);
  return {
    driver: info === undefined ? "" : text(info, 4, 32),
    bus: info === undefined ? "" : text(info, 100, 32),
    ...(speed === undefined ? {} : { speedBitsPerSecond: speed }),
    tcOffload: hasFeature(socket, link, "hw-tc-offload"),
  };
}

function readSpeed(socket: Fd, link: string): number | undefined {
  // struct ethtool_link_settings; asked twice, as the first answer says how many words its bit sets have.
  const question = ethtool(socket, link, command(ETHTOOL_GLINKSETTINGS, 48));
  if (question === undefined) return undefined;
  const words = -question.readInt8(15);
  if (words <= 0) return undefined;
  const settings = command(ETHTOOL_GLINKSETTINGS, 48 + 3 * 4 * words);
  settings.writeInt8(words, 15);
  const megabits = ethtool(socket, link, settings)?.readUInt32LE(4);
  return megabits === undefined || megabits === SPEED_UNKNOWN || megabits === 0 ? undefined : megabits * 1e6;
}

function hasFeature(socket: Fd, link: string, name: string): boolean {
  const sets = command(ETHTOOL_GSSET_INFO, 20);
  sets.writeBigUInt64LE(1n << BigInt(ETH_SS_FEATURES), 8);
  const count = ethtool(socket, link, sets)?.readUInt32LE(16) ?? 0;
  if (count === 0) return false;
  const names = command(ETHTOOL_GSTRINGS, 12 + count * STRING_BYTES);
  names.writeUInt32LE(ETH_SS_FEATURES, 4);
  names.writeUInt32LE(count, 8);
  if (ethtool(socket, link, names) === undefined) return false;
  // struct ethtool_gfeatures: blocks of available, requested, active, never_changed, for 32 features each
  const blocks = Math.ceil(count / 32);
  const features = command(ETHTOOL_GFEATURES, 8 + blocks * 16);
  features.writeUInt32LE(blocks, 4);
  if (ethtool(socket, link, features) === undefined) return false;
  for (let bit = 0; bit < count; bit++) {
    if (text(names, 12 + bit * STRING_BYTES, STRING_BYTES) !== name) continue;
    return ((features.readUInt32LE(8 + (bit >> 5) * 16 + 8) >>> (bit & 31)) & 1) === 1;
  }
  return false;
}

/** The filled buffer, or undefined where the driver does not know the command. */
function ethtool(socket: Fd, link: string, data: Buffer): Buffer | undefined {
  const request = Buffer.alloc(40);
  if (Buffer.byteLength(link) > 15) throw new KernelError(`ethtool ${link}`, "ENODEV", "No such device");
  request.write(link, 0);
  request.writeBigUInt64LE(addressOf(data), 16);
  if (libc.ioctl(socket.number, SIOCETHTOOL, request) === 0) return data;
  if (["EOPNOTSUPP", "EINVAL"].includes(errnoName(errno()))) return undefined;
  throw lastError(`ethtool ${link}`);
}

function command(number: number, bytes: number): Buffer {
  const data = Buffer.alloc(bytes);
  data.writeUInt32LE(number, 0);
  return data;
}

const text = (data: Buffer, start: number, length: number): string =>
  data.toString("latin1", start, start + length).replace(/\0.*$/s, "");
