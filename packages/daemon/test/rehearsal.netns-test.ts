import { createNamespace, deleteNamespace, LinuxKernel } from "@gona/kernel";
import { expect, test } from "vitest";
import { rehearse } from "../src/domain/vm/rehearsal.ts";

const HUB = "gona-rehearsal";

test("frames go both ways through what joins two links, and are missed where nothing does", async () => {
  createNamespace(HUB);
  try {
    using kernel = LinuxKernel.open({ netns: HUB });
    await kernel.run([
      { op: "vethPairCreate", link: "trunk", peer: "cable", mtu: 1500 },
      { op: "vethPairCreate", link: "other", peer: "nowhere", mtu: 1500 },
      ...["trunk", "cable", "other", "nowhere"].map((link) => ({ op: "linkSet", link, up: true }) as const),
    ]);
    const through = await rehearse("trunk", "cable", HUB);
    expect(through.outward).toBe(through.sent);
    expect(through.inward).toBe(through.sent);
    expect(await rehearse("trunk", "other", HUB)).toEqual({ sent: through.sent, outward: 0, inward: 0 });
    await expect(rehearse("trunk", "gone", HUB)).rejects.toThrow(/ENODEV/);
  } finally {
    deleteNamespace(HUB);
  }
});
