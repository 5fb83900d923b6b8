import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { DomainKernel } from "../src/domain/domain-kernel.ts";
import { PlacedKernel } from "../src/domain/placed-kernel.ts";
import { FakeKernel } from "../src/fake/fake-kernel.ts";
import { formatKernelState } from "../src/format-kernel-state.ts";
import type { Kernel } from "../src/kernel.ts";
import type { KernelError } from "../src/kernel-error.ts";
import { type KernelOp, TC_ROOT, tcHandle } from "../src/kernel-op.ts";
import { LinuxKernel } from "../src/linux/linux-kernel.ts";
import { domainNamespace } from "../src/namespace/domain-namespace.ts";
import { testNamespaces } from "./test-namespaces.ts";

const HUB = "gona-k-trunk";
const DOMAIN = domainNamespace("dd-a", HUB);
const SWITCH = "gona-k-trunk-sw";
const htb: KernelOp = {
  op: "qdiscReplace",
  link: "eth1",
  parent: TC_ROOT,
  handle: tcHandle(0xa09a, 0),
  qdisc: { kind: "htb", defaultMinor: 2, directQueueLength: 1000 },
};
const trunk: KernelOp = { op: "vethPairCreate", link: "gt-eth1", peer: "gd-eth1", mtu: 9000, netns: DOMAIN };

/** A hub with one domain, on the real kernel. */
function realKernel(stack: DisposableStack): PlacedKernel {
  stack.use(testNamespaces(HUB, DOMAIN, SWITCH));
  const kernel = stack.use(new PlacedKernel(LinuxKernel.open({ netns: HUB })));
  const there = LinuxKernel.open({ netns: DOMAIN });
  kernel.setDomain("dd-a", new DomainKernel("dd-a", LinuxKernel.open({ netns: DOMAIN }), there));
  stack.use(there);
  return kernel;
}

function fakeKernel(): PlacedKernel {
  const hub = new FakeKernel({ netns: HUB, namespaces: [SWITCH] });
  const kernel = new PlacedKernel(hub);
  kernel.setDomain("dd-a", hub.enter(DOMAIN));
  return kernel;
}

const print = (kernel: Kernel, links: readonly string[]): string => formatKernelState(kernel, { links, macs: false });
const refusal = (kernel: Kernel, ops: readonly KernelOp[]): Promise<string> =>
  kernel.run(ops).then(
    () => "ok",
    (error: KernelError) => `${error.errno} at ${error.index}`,
  );

test("a NIC moves into a domain and back, and a trunk joins it: fake and real kernel alike", async () => {
  using stack = new DisposableStack();
  const [real, fake] = [realKernel(stack), fakeKernel()];
  const links = ["eth1", "gt-eth1", "gd-eth1"];
  const both = async (ops: readonly KernelOp[]): Promise<string> => {
    const [ours, theirs] = [await refusal(fake, ops), await refusal(real, ops)];
    expect(ours, JSON.stringify(ops)).toBe(theirs);
    expect(print(fake, links), JSON.stringify(ops)).toBe(print(real, links));
    expect(fake.domainOf("eth1")).toBe(real.domainOf("eth1"));
    return theirs;
  };
  const peer = { netns: SWITCH, name: "port1", mac: "02:00:00:00:00:01", addresses: [] };
  expect(await both([{ op: "vethCreate", link: "eth1", peer }, { op: "linkSet", link: "eth1", up: true }, htb])).toBe(
    "ok",
  );
  expect(await both([{ op: "linkMove", link: "eth1", netns: DOMAIN }])).toBe("ok");
  expect(real.link("eth1")).toMatchObject({ domain: "dd-a", up: false });
  expect(real.qdiscs("eth1").filter(({ handle }) => handle !== 0)).toEqual([]);
  expect(await both([{ op: "linkSet", link: "eth1", up: true }, htb, trunk])).toBe("ok");
  expect(await both([trunk])).toBe("EEXIST at 0");
  expect(await both([{ ...trunk, netns: "gona-k-none", link: "other" }])).toBe("ENOENT at 0");
  expect(await both([{ op: "linkMove", link: "eth1", netns: "gona-k-none" }])).toBe("ENOENT at 0");
  expect(await both([{ op: "linkMove", link: "eth1", netns: DOMAIN }])).toBe("ok");
  expect(await both([{ op: "linkMove", link: "eth1", netns: HUB }])).toBe("ok");
  expect(await both([{ op: "linkDelete", link: "gd-eth1" }])).toBe("ok");
});

test("the ends of a trunk are up, have numbers of their own, one CPU a flow and no addresses", async () => {
  using stack = new DisposableStack();
  const kernel = realKernel(stack);
  await kernel.run([trunk]);
  const ends = [kernel.link("gt-eth1"), kernel.link("gd-eth1")];
  expect(ends.map((end) => [end?.up, end?.carrier, end?.mtu])).toEqual([
    [true, true, 9000],
    [true, true, 9000],
  ]);
  expect(ends[0]?.ifindex).not.toBe(ends[1]?.ifindex);
  for (const [netns, link] of [
    [HUB, "gt-eth1"],
    [DOMAIN, "gd-eth1"],
  ] as const) {
    expect(execFileSync("ip", ["-n", netns, "-6", "addr", "show", "dev", link], { encoding: "utf8" })).toBe("");
    const path = `/sys/class/net/${link}/queues/rx-0/rps_cpus`;
    const script = `mount -t sysfs gona /sys && cat ${path}`;
    const run = [`--net=/run/netns/${netns}`, "unshare", "--mount", "sh", "-c", script];
    expect(Number.parseInt(execFileSync("nsenter", run, { encoding: "utf8" }), 16)).toBeGreaterThan(0);
  }
});

test("without its agent a domain can be read and its NICs fetched, and nothing else", async () => {
  using stack = new DisposableStack();
  stack.use(testNamespaces(HUB, DOMAIN));
  const kernel = stack.use(new PlacedKernel(LinuxKernel.open({ netns: HUB })));
  const domain = new DomainKernel("dd-a", LinuxKernel.open({ netns: DOMAIN }));
  kernel.setDomain("dd-a", domain);
  execFileSync("ip", ["-n", HUB, "link", "add", "eth1", "type", "veth", "peer", "port1"]);
  await kernel.run([{ op: "linkMove", link: "eth1", netns: DOMAIN }]);
  expect(kernel.link("eth1")).toMatchObject({ domain: "dd-a" });
  await expect(kernel.run([{ op: "linkSet", link: "eth1", up: true }])).rejects.toThrow(
    "EHOSTDOWN (domain dd-a: its agent is not there)",
  );
  await kernel.run([{ op: "linkMove", link: "eth1", netns: HUB }]);
  expect(kernel.domainOf("eth1")).toBeUndefined();
});
