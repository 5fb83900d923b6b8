import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { LinuxTaps } from "../src/host/linux-taps.ts";
import { TapHolder } from "./tap-holder.ts";
import { testNamespaces } from "./test-namespaces.ts";

const HERE = "gona-h-taps";
const THERE = "gona-h-taps-other";

function makeTap(netns: string): void {
  expect(spawnSync("ip", ["-n", netns, "tuntap", "add", "tap0", "mode", "tap"]).status).toBe(0);
}

test("a tap is limited through whoever holds it, once, and never one of its name in another namespace", async () => {
  using _ = testNamespaces(HERE, THERE);
  makeTap(HERE);
  makeTap(THERE);
  const taps = new LinuxTaps(HERE);
  const limit = async (bytes: number) => (await taps.limit(new Map([["tap0", bytes]]))).get("tap0");
  await using other = new TapHolder(THERE);
  await other.do("open tap0");
  expect(await limit(100_000)).toMatchObject({ kind: "unheld" });

  await using holder = new TapHolder(HERE);
  await holder.do("open tap0");
  expect(await limit(100_000)).toEqual({ kind: "limited", changed: true });
  expect(await holder.do("sndbuf")).toBe("100000");
  expect(await limit(100_000)).toEqual({ kind: "limited", changed: false });
  expect(await other.do("sndbuf")).toBe(`${2 ** 31 - 1}`);

  // As a hypervisor that was started anew: another open file.
  await holder.do("close");
  expect(await limit(100_000)).toMatchObject({ kind: "unheld" });
  await holder.do("open tap0");
  expect(await limit(100_000)).toEqual({ kind: "limited", changed: true });

  // Who lets the kernel wait would never be woken.
  await holder.do("forget");
  await holder.do("block");
  expect(await limit(100_000)).toEqual({ kind: "blocking" });
  expect(await holder.do("sndbuf")).toBe(`${2 ** 31 - 1}`);
});
