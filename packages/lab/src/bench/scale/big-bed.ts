import { peerNetns } from "../../bed/lab-paths.ts";
import { ipBatch } from "../../bed/run-command.ts";
import { BenchHost } from "../bench-host.ts";
import { type HostSize, nicName, vifName } from "./big-spec.ts";

/**
 * A hub with many links: NICs, vifs, and links for those who are measured beside GONA (`tc0` …).
 * `name` tells beds apart that stand at the same time.
 */
export async function buildBigBed({ guests, nics }: HostSize, name = "bench-scale"): Promise<BenchHost> {
  const far = peerNetns(name, "far");
  const host = await BenchHost.make(name, [far]);
  try {
    const names = [
      ...Array.from({ length: nics }, (_, index) => nicName(index)),
      ...Array.from({ length: nics }, (_, index) => otherNic(index)),
      ...Array.from({ length: guests }, (_, index) => vifName(index)),
    ];
    await ipBatch(
      host.hub,
      names.map((link) => `link add ${link} type veth peer name ${link} netns ${far}`),
    );
    await ipBatch(
      host.hub,
      names.map((link) => `link set ${link} up`),
    );
    await ipBatch(
      far,
      names.map((link) => `link set ${link} up`),
    );
    return host;
  } catch (error) {
    await host[Symbol.asyncDispose]();
    throw error;
  }
}

export const otherNic = (index: number): string => `tc${index}`;
