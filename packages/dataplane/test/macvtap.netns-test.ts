import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";
import { PacketReceiver, PacketSender, tcHandle } from "@gona/kernel";
import { EMPTY_HUB, plan } from "@gona/planner";
import { expect, test } from "vitest";
import { goldenSpec } from "./golden-state.ts";
import { ethernet, ipv4, udp } from "./packets.ts";
import { specOf, TestHub, wantedOf } from "./test-hub.ts";

const LINKS = ["eth1", "eth2", "vnet0"] as const;
const MAC = "52:54:00:aa:00:01";
const PEER = "52:54:00:ff:ff:01";
const OWN_CLASS = tcHandle(0xa09a, 8);
/** struct virtio_net_hdr, which a macvtap's file has in front of each frame; zeros: nothing is left to the kernel. */
const VNET_HEADER = 10;
const DEADLINE_MS = 20_000;

/** A macvtap's file, as a hypervisor has it open. */
class OpenMacvtap implements Disposable {
  readonly #fd: number;
  readonly #buffer = Buffer.alloc(65_536);

  constructor(ifindex: number) {
    this.#fd = openSync(`/dev/tap${ifindex}`, constants.O_RDWR | constants.O_NONBLOCK);
  }

  send(frame: Uint8Array): void {
    writeSync(this.#fd, Buffer.concat([Buffer.alloc(VNET_HEADER), frame]));
  }

  /** The next frame that came in; undefined: none waits. */
  take(): Uint8Array | undefined {
    try {
      const length = readSync(this.#fd, this.#buffer);
      return Uint8Array.from(this.#buffer.subarray(VNET_HEADER, length));
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "EAGAIN") return undefined;
      throw error;
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}

const from = (mac: string, address: string, port: number) =>
  ethernet({ to: PEER, from: mac }, ipv4({ from: address, to: "10.0.0.9" }, udp(port, 7)));
const portOf = (frame: Uint8Array): number => ((frame[34] ?? 0) << 8) | (frame[35] ?? 0);
const isUdp = (frame: Uint8Array): boolean => frame[12] === 8 && frame[13] === 0 && frame[23] === 17;

test("a VM sends by its macvtap in its slice's class alone, as itself alone, and hears what is for it", async () => {
  using hub = await TestHub.make("macvtap", LINKS);
  using plane = hub.open();
  const desired = wantedOf(specOf(goldenSpec("macvtap")), { links: LINKS });
  await plane.execute(plan(plane.observe(), desired));
  using vm = new OpenMacvtap(hub.kernel.link("mt-vm1")?.ifindex ?? 0);
  using wire = PacketReceiver.open("eth1-far", hub.far);
  const sent = () => hub.kernel.classes("eth1").find(({ classid }) => classid === OWN_CLASS)?.sent.packets ?? -1n;
  const before = sent();
  const slot = desired.vifs.get("vm1" as never)?.slot ?? -1;

  vm.send(from("52:54:00:aa:00:02", "10.0.0.11", 1));
  vm.send(from(MAC, "10.0.0.12", 2));
  vm.send(from(MAC, "10.0.0.11", 3));
  const heard = await wire.next(isUdp, DEADLINE_MS);
  expect(heard && portOf(heard)).toBe(3);
  await expect.poll(sent, { timeout: DEADLINE_MS }).toBe(before + 1n);
  expect(plane.sliceCounters(slot, 0)).toMatchObject({ txPackets: 1n });

  using peer = PacketSender.open("eth1-far", { netns: hub.far });
  const answer = ethernet({ to: MAC, from: PEER }, ipv4({ from: "10.0.0.9", to: "10.0.0.11" }, udp(4, 7)));
  peer.send(answer);
  const take = (): number | undefined => {
    for (let frame = vm.take(); frame !== undefined; frame = vm.take()) if (isUdp(frame)) return portOf(frame);
    return undefined;
  };
  await expect.poll(take, { timeout: DEADLINE_MS }).toBe(4);

  await plane.execute(plan(desired, EMPTY_HUB));
  expect(plane.observe()).toEqual(EMPTY_HUB);
  expect(hub.kernel.link("mt-vm1")).toBeUndefined();
});
