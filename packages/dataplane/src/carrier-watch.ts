import { BpfMaps, type BpfObject, KernelError, loadBpfObject, RingBuffer } from "@gona/kernel";

/** What a look at a NIC found; `nothing`: no NIC of ours has that number. */
export type CarrierSeen = "nothing" | "dead" | "alive";

/** enum gona_carrier_seen of bpf/gona_carriers.bpf.c. */
const SEEN: readonly CarrierSeen[] = ["nothing", "dead", "alive"];
const TC_ACT_OK = 0;
/** Of a frame that nobody looks at; shorter ones are refused. */
const FRAME_BYTES = 64;

/**
 * Has the kernel look at the NICs' carriers every 10 ms, as the packet path sees them, and tells of each change, by
 * the NIC's slot, and once of each NIC that there is. `nics`: the object whose map of NICs is looked at. Throws
 * NOT_FOUND, BPF_VERIFIER, KernelError (a kernel without BPF timers is older than Linux 5.15).
 */
export function watchCarriers(
  objectPath: string,
  nics: BpfObject,
  onChange: (slot: number, seen: CarrierSeen) => void,
): Disposable {
  using held = new DisposableStack();
  const object = held.use(loadBpfObject(objectPath, { reuse: new BpfMaps([nics.map("gona_nics")]) }));
  const take = (record: Uint8Array): void => {
    const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
    onChange(view.getUint32(0, true), SEEN[view.getUint32(4, true)] ?? "nothing");
  };
  held.use(new RingBuffer(object.map("gona_changes"), take).unref());
  const { returned } = object.program("gona_watch_carriers").testRun({ packet: new Uint8Array(FRAME_BYTES) });
  if (returned !== TC_ACT_OK) throw new KernelError("bpf timer of gona_watch", "EPERM", "the timer was not started");
  return held.move();
}
