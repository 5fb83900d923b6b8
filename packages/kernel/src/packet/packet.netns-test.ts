import { expect, test } from "vitest";
import { LinuxKernel } from "../linux/linux-kernel.ts";
import { inNamespace } from "../namespace/in-namespace.ts";
import { createNamespace, deleteNamespace } from "../namespace/named-namespaces.ts";
import { FrameListener } from "./frame-listener.ts";
import { PacketReceiver } from "./packet-receiver.ts";
import { PacketSender } from "./packet-sender.ts";

const HUB = "gona-k-packet";
const FAR = "gona-k-packet-far";

async function withWire(work: () => Promise<void>): Promise<void> {
  createNamespace(HUB);
  createNamespace(FAR);
  try {
    using kernel = LinuxKernel.open({ netns: HUB });
    const peer = { netns: FAR, name: "far", mac: "02:00:00:00:00:01", addresses: [] };
    await kernel.run([
      { op: "vethCreate", link: "near", peer },
      { op: "linkSet", link: "near", up: true },
    ]);
    await work();
  } finally {
    deleteNamespace(HUB);
    deleteNamespace(FAR);
  }
}

/** An own EtherType, so that the namespace's IPv6 chatter is told apart. */
const frame = (number: number, tag: number[] = []): Uint8Array =>
  new Uint8Array([...Array(6).fill(0xff), 2, 0, 0, 0, 0, 9, ...tag, 0x88, 0xb5, number, ...Array(45).fill(0)]);
const ours = (seen: Uint8Array): boolean => seen[12] === 0x88 || seen[16] === 0x88;

test("frames leave by a link and arrive whole, VLAN tag included", () =>
  withWire(async () => {
    using receiver = PacketReceiver.open("far", FAR);
    using sender = PacketSender.open("near", { netns: HUB });
    sender.send(frame(1));
    expect(await receiver.next(ours, 20_000)).toEqual(frame(1));
    const tagged = frame(2, [0x81, 0x00, 0x20, 0x14]);
    sender.send(tagged);
    expect(await receiver.next(ours, 20_000)).toEqual(tagged);
  }));

test("a batch of frames arrives in order", () =>
  withWire(async () => {
    using receiver = PacketReceiver.open("far", FAR);
    using sender = PacketSender.open("near", { netns: HUB, bypassQueues: true });
    const frames = Array.from({ length: 50 }, (_, number) => frame(number));
    expect(sender.sendBatch(frames)).toBe(50);
    for (const sent of frames) expect(await receiver.next(ours, 20_000)).toEqual(sent);
    expect(await receiver.next(ours, 1)).toBeUndefined();
  }));

test("a link that is down or missing is an error with its name", () =>
  withWire(async () => {
    expect(() => PacketSender.open("nowhere", { netns: HUB })).toThrow(/nowhere: ENODEV/);
    using sender = PacketSender.open("near", { netns: HUB });
    using kernel = LinuxKernel.open({ netns: HUB });
    await kernel.run([{ op: "linkSet", link: "near", up: false }]);
    expect(() => sender.send(frame(1))).toThrow(/near: ENETDOWN/);
  }));

test("a listener hears the frames of its EtherType alone, also after the link was down", () =>
  withWire(async () => {
    const heard: (number | undefined)[] = [];
    const open = () => FrameListener.open("far", { etherType: 0x88b5, group: [1, 0x80, 0xc2, 0, 0, 2] }, note);
    const note = (seen: Uint8Array): void => void heard.push(seen[14]);
    using _ = inNamespace(FAR, open);
    using sender = PacketSender.open("near", { netns: HUB });
    const other = frame(9);
    other[13] = 0xb6;
    sender.send(other);
    sender.send(frame(1));
    await expect.poll(() => heard, { timeout: 20_000 }).toEqual([1]);
    using kernel = LinuxKernel.open({ netns: FAR });
    await kernel.run([{ op: "linkSet", link: "far", up: false }]);
    await kernel.run([{ op: "linkSet", link: "far", up: true }]);
    await expect
      .poll(
        () => {
          sender.send(frame(2));
          return heard.includes(2);
        },
        { timeout: 20_000 },
      )
      .toBe(true);
  }));

test("nobody listens on a link that is not there", () => {
  expect(() => FrameListener.open("nowhere", { etherType: 0x8809 }, () => {})).toThrow(/nowhere: ENODEV/);
});
