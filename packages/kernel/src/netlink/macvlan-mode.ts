import type { MacvlanMode } from "../virtual-link.ts";
import type { AttributeCursor } from "./attribute-cursor.ts";
import { IFLA_MACVLAN_MODE } from "./constants.ts";

/** enum macvlan_mode. */
export const MACVLAN_MODES: Readonly<Record<MacvlanMode, number>> = { private: 1, vepa: 2, bridge: 4, passthru: 8 };

/** Kinds whose IFLA_INFO_DATA is that of macvlan. */
export const isMacvlan = (kind: string): boolean => kind === "macvlan" || kind === "macvtap";

/** Of IFLA_INFO_DATA; undefined where it tells none that is known (`source`). */
export function decodeMacvlanMode(data: AttributeCursor): MacvlanMode | undefined {
  while (data.next()) {
    if (data.type !== IFLA_MACVLAN_MODE) continue;
    const number = data.u32;
    return (Object.keys(MACVLAN_MODES) as MacvlanMode[]).find((mode) => MACVLAN_MODES[mode] === number);
  }
  return undefined;
}
