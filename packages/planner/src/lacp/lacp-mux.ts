import { AGGREGATE_WAIT_MS, type LacpMux, type LacpPort } from "./lacp-port.ts";
import { LacpFlag } from "./lacpdu.ts";

/** As far as the mux goes by itself; each step that the partner should know of is news for it. */
export function runMux(port: LacpPort, nowMs: number): LacpPort {
  let now = port;
  for (;;) {
    const next = stepMux(now, nowMs);
    if (next === now) return now;
    now = next;
  }
}

function stepMux(port: LacpPort, nowMs: number): LacpPort {
  const isSelected = port.group !== undefined;
  switch (port.mux) {
    case "detached":
      return isSelected ? { ...port, mux: "waiting", waitUntilMs: nowMs + AGGREGATE_WAIT_MS } : port;
    case "waiting": {
      if (port.waitUntilMs !== undefined && nowMs < port.waitUntilMs) return port;
      const { waitUntilMs: _over, ...rest } = port;
      return told(rest, "attached");
    }
    case "attached":
      return partnerIs(port, LacpFlag.SYNC) ? told(port, "collecting") : port;
    case "collecting":
      if (!partnerIs(port, LacpFlag.SYNC)) return told(port, "attached");
      return partnerIs(port, LacpFlag.COLLECTING) ? told(port, "distributing") : port;
    case "distributing":
      return partnerIs(port, LacpFlag.SYNC | LacpFlag.COLLECTING) ? port : told(port, "collecting");
  }
}

const told = (port: LacpPort, mux: LacpMux): LacpPort => ({ ...port, mux, needToTransmit: true });

/** Nothing is known of what is behind a port without a partner: it is taken to be ready, as the standard has it. */
const partnerIs = ({ partner }: LacpPort, bits: number): boolean =>
  partner === undefined || (partner.state & bits) === bits;
