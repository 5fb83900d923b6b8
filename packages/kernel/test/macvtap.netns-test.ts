import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { FakeKernel } from "../src/fake/fake-kernel.ts";
import { formatKernelState } from "../src/format-kernel-state.ts";
import type { Kernel } from "../src/kernel.ts";
import { KernelError } from "../src/kernel-error.ts";
import { type KernelOp, TC_CLSACT, tcHandle } from "../src/kernel-op.ts";
import { LinuxKernel } from "../src/linux/linux-kernel.ts";
import { enterCommand } from "../src/namespace/named-namespaces.ts";
import { FIXTURE_MAPS, FIXTURE_PROGRAMS, loadFixture } from "./bpf-fixture.ts";
import { testNamespaces } from "./test-namespaces.ts";

const HUB = "gona-k-macvtap";
const GUEST = "gona-k-macvtap-far";
const MAC = "52:54:00:aa:00:01";
const LINKS = ["nic0", "mt0", "mt1"];
const macvtap = (link: string, mode: "bridge" | "private", lower = "nic0"): KernelOp => ({
  op: "macvtapCreate",
  link,
  lower,
  mode,
  mac: `52:54:00:aa:00:0${link.at(-1)}`,
  alias: `label of ${link}`,
});
const clsact: KernelOp = {
  op: "qdiscReplace",
  link: "mt0",
  parent: TC_CLSACT,
  handle: tcHandle(0xffff, 0),
  qdisc: { kind: "clsact" },
};

const outcome = (kernel: Kernel, ops: readonly KernelOp[]): Promise<string> =>
  kernel.run(ops).then(
    () => "ok",
    (error: unknown) => {
      if (!(error instanceof KernelError)) throw error;
      return `${error.errno} ${error.index}`;
    },
  );

test("macvtaps are to the fake kernel what they are to the real one", async () => {
  using _namespaces = testNamespaces(HUB, GUEST);
  using bpf = loadFixture();
  using real = LinuxKernel.open({ netns: HUB });
  real.useBpf(bpf);
  using fake = new FakeKernel({ maps: FIXTURE_MAPS, programs: FIXTURE_PROGRAMS, namespaces: [GUEST] });
  const peer = { netns: GUEST, name: "far", mac: "02:00:00:00:00:01", addresses: [] };
  await real.run([
    { op: "vethCreate", link: "nic0", peer },
    { op: "linkSet", link: "nic0", up: true, mac: "02:00:00:00:00:02" },
  ]);
  fake.addLink({ name: "nic0", kind: "veth", peerElsewhere: true, up: true, mac: "02:00:00:00:00:02" });
  const program = FIXTURE_PROGRAMS[0] ?? "";
  const steps: readonly KernelOp[][] = [
    [macvtap("mt0", "bridge"), macvtap("mt1", "private")],
    [macvtap("mt0", "bridge")],
    [macvtap("mt2", "bridge", "nic9")],
    [clsact, { op: "filterReplace", link: "mt0", hook: "egress", preference: 7, program, classid: 3 }],
    [{ op: "linkSet", link: "mt0", up: true }],
    [{ op: "linkSet", link: "nic0", up: false }],
    [{ op: "linkSet", link: "nic0", up: true }],
    [{ op: "linkSet", link: "mt0", mac: "52:54:00:aa:00:09", up: false }],
    [{ op: "linkDelete", link: "mt1" }],
  ];
  const outcomes: string[] = [];
  for (const ops of steps) {
    const [faked, done] = [await outcome(fake, ops), await outcome(real, ops)];
    expect(faked, JSON.stringify(ops)).toBe(done);
    expect(formatKernelState(fake, { links: LINKS }), JSON.stringify(ops)).toBe(
      formatKernelState(real, { links: LINKS }),
    );
    outcomes.push(done);
  }
  expect(outcomes).toEqual(["ok", "EEXIST 0", "ENODEV 0", "ok", "ok", "ok", "ok", "ok", "ok"]);
  expect(formatKernelState(real, { links: ["mt0"] })).toBe(
    [
      'link mt0 macvtap down no-carrier mtu 1500 mac 52:54:00:aa:00:09 alias "label of mt0" on nic0 mode bridge',
      "  qdisc ingress ffff: clsact",
      `  filter egress pref 7 bpf ${program} classid 0x3`,
      "",
    ].join("\n"),
  );
});

test("to iproute2 it is the macvtap that was asked for", async () => {
  using _namespaces = testNamespaces(HUB, GUEST);
  using real = LinuxKernel.open({ netns: HUB });
  const peer = { netns: GUEST, name: "far", mac: "02:00:00:00:00:01", addresses: [] };
  await real.run([{ op: "vethCreate", link: "nic0", peer }, macvtap("mt1", "private")]);
  const [command, ...words] = enterCommand(HUB, ["ip", "-j", "-d", "link", "show", "dev", "mt1"]);
  const [shown] = JSON.parse(execFileSync(command, words, { encoding: "utf8" }));
  expect(shown).toMatchObject({
    link: "nic0",
    address: MAC,
    ifalias: "label of mt1",
    linkinfo: { info_kind: "macvtap", info_data: { mode: "private" } },
  });
  expect(shown).toMatchObject({ inet6_addr_gen_mode: "none" });
  expect(real.vfs("nic0")).toEqual([]);
});
