import { FakeKernel, type FakeKernelOptions } from "@gona/kernel";
import {
  Direction,
  gonaAddressKey,
  gonaAggregate,
  gonaBucketBytes,
  gonaDrain,
  gonaNeighbour,
  gonaNic,
  gonaPath,
  gonaPeer,
  gonaSeen,
  gonaSegment,
  gonaSegmentKey,
  gonaSliceClock,
  gonaSliceCounters,
  gonaSpineEnd,
  gonaStation,
  gonaStationKey,
  gonaSteerKey,
  gonaTrafficRules,
  gonaVerdictCounters,
  gonaVf,
  gonaVfKey,
  gonaVif,
  Limit,
  Spine,
} from "./abi.ts";
import { ATTACHED, RESOLVE_NIC } from "./hub-filters.ts";
import { indexKey } from "./map-keys.ts";

const array = (name: string, valueSize: number, maxEntries: number, perCpu = false) =>
  ({ name, type: "array", keySize: 4, valueSize, maxEntries, perCpu }) as const;
const hash = (name: string, keySize: number, valueSize: number) =>
  ({ name, type: "hash", keySize, valueSize, maxEntries: 65_536 }) as const;

export interface FakeHubOptions extends Omit<FakeKernelOptions, "maps" | "programs"> {
  /** Vif slots; as many as the real maps have unless given. Few make observe() quick. */
  readonly vifSlots?: number;
}

/** A kernel in memory with the maps and programs of bpf/gona.bpf.c, for tests: what openDataplane gives a real one. */
export function fakeHubKernel(options: FakeHubOptions = {}): FakeKernel {
  const vifSlots = options.vifSlots ?? Limit.MAX_VIFS;
  const kernel = new FakeKernel({
    ...options,
    programs: [...ATTACHED],
    maps: [
      array("gona_nics", gonaNic.size, Limit.MAX_NICS),
      array("gona_nic_names", Limit.NAME_LEN, Limit.MAX_NICS),
      array("gona_spines", gonaSpineEnd.size, Spine.MAX),
      array("gona_vifs", gonaVif.size, vifSlots),
      array("gona_vif_names", Limit.NAME_LEN, vifSlots),
      array("gona_aggregates", gonaAggregate.size, 2 * vifSlots),
      array("gona_slice_stats", gonaSliceCounters.size, vifSlots * Limit.MAX_SLICES, true),
      array("gona_slice_clocks", gonaSliceClock.size, vifSlots * Limit.MAX_SLICES * Direction.DIRECTIONS),
      array("gona_drains", gonaDrain.size, vifSlots * Limit.MAX_SLICES),
      array("gona_paths", gonaPath.size, Limit.PATHS),
      array("gona_neighbours", gonaNeighbour.size, Limit.NEIGHBOURS),
      array("gona_peers", gonaPeer.size, Limit.PEERS),
      array("gona_seen", gonaSeen.size, Direction.DIRECTIONS),
      array("gona_verdicts", gonaVerdictCounters.size, 64, true),
      hash("gona_traffic_rules", 4, gonaTrafficRules.size),
      hash("gona_bucket_bytes", 4, gonaBucketBytes.size),
      hash("gona_steers", gonaSteerKey.size, 4),
      hash("gona_stations", gonaStationKey.size, gonaStation.size),
      hash("gona_addresses", gonaAddressKey.size, 4),
      hash("gona_vfs", gonaVfKey.size, gonaVf.size),
      hash("gona_segments", gonaSegmentKey.size, gonaSegment.size),
    ],
  });
  kernel.addProgram(RESOLVE_NIC, ({ context }) => {
    const nics = kernel.map("gona_nics");
    const mark = context?.mark ?? 0;
    const key = indexKey(mark & ~Limit.RESOLVE_TRUNK);
    const record = gonaNic.decode(nics.get(key) ?? new Uint8Array(gonaNic.size));
    const found = 0xffff_0000_0000_0000n + BigInt(context?.ifindex ?? 0);
    nics.put(key, gonaNic.encode({ ...record, [mark & Limit.RESOLVE_TRUNK ? "trunk" : "netdev"]: found }));
    return { returned: 0 };
  });
  return kernel;
}
