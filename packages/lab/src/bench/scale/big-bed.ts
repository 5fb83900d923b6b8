import { ipBatch } from "../../bed/run-command.ts";
import { BenchHost } from "../bench-host.ts";
import { type HostSize, nicName, vifName } from "./big-spec.ts";

const NAME = "bench-scale";
const FAR = `gona-${NAME}-peer-far`;

/** A hub with many links: NICs, vifs, and links for those who are measured beside GONA (`tc0` …). */
export async function buildBigBed({ guests, nics }: HostSize): Promise<BenchHost> {
  const host = await BenchHost.make(NAME, [FAR]);
  try {
    const names = [
      ...Array.from({ length: nics }, (_, index) => nicName(index)),
      ...Array.from({ length: nics }, (_, index) => otherNic(index)),
      ...Array.from({ length: guests }, (_, index) => vifName(index)),
    ];
    await ipBatch(
      host.hub,
      names.map((name) => `link add ${name} type veth peer name ${name} netns ${FAR}`),
    );
    await ipBatch(
      host.hub,
      names.map((name) => `link set ${name} up`),
    );
    await ipBatch(
      FAR,
      names.map((name) => `link set ${name} up`),
    );
    return host;
  } catch (error) {
    await host[Symbol.asyncDispose]();
    throw error;
  }
}

export const otherNic = (index: number): string => `tc${index}`;
