import type { MacvlanMode } from "../virtual-link.ts";
import * as nl from "./constants.ts";
import { parseMac, writeLinkQuery } from "./link-codec.ts";
import { MACVLAN_MODES } from "./macvlan-mode.ts";
import type { MessageWriter } from "./message-writer.ts";

export interface NewMacvlan {
  readonly kind: "macvlan" | "macvtap";
  readonly name: string;
  /** Ifindex of the link below it. */
  readonly lowerIndex: number;
  readonly mode: MacvlanMode;
  readonly mac: string;
}

export function writeMacvlan(writer: MessageWriter, { kind, name, lowerIndex, mode, mac }: NewMacvlan): void {
  writeLinkQuery(writer, 0);
  writer.attributeBytes(nl.IFLA_ADDRESS, parseMac(mac));
  writer.attributeU32(nl.IFLA_LINK, lowerIndex);
  writer.attributeText(nl.IFLA_IFNAME, name);
  const info = writer.open(nl.IFLA_LINKINFO, false);
  writer.attributeText(nl.IFLA_INFO_KIND, kind);
  const data = writer.open(nl.IFLA_INFO_DATA, false);
  writer.attributeU32(nl.IFLA_MACVLAN_MODE, MACVLAN_MODES[mode]);
  writer.close(data);
  writer.close(info);
}
