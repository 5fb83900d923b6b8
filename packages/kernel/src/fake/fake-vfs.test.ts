import { expect, test } from "vitest";
import { FakeKernel } from "./fake-kernel.ts";
import type { FakeVfDriver } from "./fake-vfs.ts";

const rate = (minMegabits: number, maxMegabits: number) => ({ minMegabits, maxMegabits });

function withNic(driver: FakeVfDriver, linkMegabits = 10_000): FakeKernel {
  const kernel = new FakeKernel();
  kernel.addLink({ name: "nic0", up: true, sriov: { driver, enabled: 4, linkMegabits } });
  kernel.addLink({ name: "nic1", up: true });
  return kernel;
}

test.each<[string, FakeVfDriver, ReturnType<typeof rate>, number, boolean]>([
  ["mlx5 reserves", "mlx5_core", rate(300, 2000), 10_000, true],
  ["ixgbe reserves nothing", "ixgbe", rate(300, 2000), 10_000, false],
  ["ixgbe limits", "ixgbe", rate(0, 2000), 10_000, true],
  ["ixgbe limits to no less than 11 Mbit/s", "ixgbe", rate(0, 10), 10_000, false],
  ["ixgbe limits at 10 Gbit/s alone", "ixgbe", rate(0, 500), 1000, false],
  ["i40e reserves nothing", "i40e", rate(50, 100), 10_000, false],
  ["i40e limits within its link", "i40e", rate(0, 11_000), 10_000, false],
  ["rtnetlink wants a limit above what is reserved", "mlx5_core", rate(300, 200), 10_000, false],
])("%s", async (_what, driver, wanted, linkMegabits, taken) => {
  using kernel = withNic(driver, linkMegabits);
  const set = kernel.run([{ op: "vfSet", link: "nic0", vf: 3, rate: wanted }]);
  if (taken) await set;
  else await expect(set).rejects.toMatchObject({ errno: "EINVAL" });
  expect(kernel.vfs("nic0")[3]?.rate).toEqual(taken ? wanted : rate(0, 0));
});

test("what a driver took before it refused stays: the caller puts it back", async () => {
  using kernel = withNic("ixgbe");
  const change = { vf: 1, mac: "52:54:00:00:00:01", rate: rate(1, 0), trust: true };
  await expect(kernel.run([{ op: "vfSet", link: "nic0", ...change }])).rejects.toMatchObject({
    errno: "EINVAL",
    operation: "ip link set dev nic0 vf 1 mac 52:54:00:00:00:01 max_tx_rate 0 min_tx_rate 1 trust on",
  });
  expect(kernel.vfs("nic0")[1]).toMatchObject({ mac: "52:54:00:00:00:01", trust: false });
});

test("a NIC without SR-IOV, a number that is not there and a multicast MAC are refused", async () => {
  using kernel = withNic("mlx5_core");
  const set = (link: string, vf: number, mac: string) => kernel.run([{ op: "vfSet", link, vf, mac }]);
  await expect(set("nic1", 0, "52:54:00:00:00:01")).rejects.toMatchObject({ errno: "EOPNOTSUPP" });
  await expect(set("nic0", 4, "52:54:00:00:00:01")).rejects.toMatchObject({ errno: "EINVAL" });
  await expect(set("nic0", 0, "01:00:00:00:00:01")).rejects.toMatchObject({ errno: "EINVAL" });
  expect(kernel.vfs("nic1")).toEqual([]);
});
