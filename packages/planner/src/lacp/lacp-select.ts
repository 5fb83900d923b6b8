import { INDIVIDUAL, type LacpBundle, type LacpPort, lacpGroup } from "./lacp-port.ts";

/**
 * Which ports are of the bundle: those of one partner, the one with most ports, the one in use where that is
 * the same, else the lowest. Where no port has a partner, and none may still find one, a single port goes by
 * itself: a switch without LACP sends on each port, so a second one would hear everything twice.
 */
export function selectPorts(bundle: LacpBundle): LacpBundle {
  const members = Map.groupBy([...bundle.ports.values()].filter(isCandidate(bundle)), ({ partner }) =>
    partner === undefined ? "" : lacpGroup(partner),
  );
  const names = [...members.keys()].sort();
  const sizeOf = (name: string) => members.get(name)?.length ?? 0;
  const largest = Math.max(0, ...names.map(sizeOf));
  const best = names.filter((name) => sizeOf(name) === largest);
  const chosen = best.find((name) => name === bundle.group) ?? best[0];
  const single = chosen === undefined ? singlePort(bundle) : undefined;
  const group = chosen ?? (single && INDIVIDUAL);
  const ports = [...bundle.ports.values()].map((port) => {
    const isOf = single === undefined ? members.get(group ?? "")?.includes(port) === true : port === single;
    return regroup(port, isOf ? group : undefined);
  });
  const { group: _before, ...rest } = bundle;
  return { ...rest, ...(group === undefined ? {} : { group }), ports: new Map(ports.map((port) => [port.nic, port])) };
}

/** A port that leads back to this host (a cable between two of its NICs) has no partner. */
export const isLoop = (bundle: LacpBundle, { partner }: LacpPort): boolean => partner?.system === bundle.system;

const isCandidate =
  (bundle: LacpBundle) =>
  (port: LacpPort): boolean =>
    port.enabled &&
    !port.standby &&
    port.partner !== undefined &&
    !isLoop(bundle, port) &&
    // One that went silent a moment ago stays: it may answer.
    (port.reception === "current" || (port.reception === "expired" && port.group !== undefined));

function singlePort({ ports }: LacpBundle): LacpPort | undefined {
  const able = [...ports.values()].filter((port) => port.enabled && !port.standby);
  const without = able.filter(({ reception }) => reception === "defaulted");
  const inUse = without.find(({ group }) => group === INDIVIDUAL);
  if (inUse !== undefined) return inUse;
  if (able.some(({ reception }) => reception === "expired")) return undefined;
  return without.sort((a, b) => a.number - b.number)[0];
}

function regroup(port: LacpPort, group: string | undefined): LacpPort {
  if (port.group === group) return port;
  const { group: _before, waitUntilMs: _none, ...rest } = port;
  // Out of the old one first; the mux takes it from there.
  const news = port.mux === "detached" ? port.needToTransmit : true;
  return { ...rest, ...(group === undefined ? {} : { group }), mux: "detached", needToTransmit: news };
}
