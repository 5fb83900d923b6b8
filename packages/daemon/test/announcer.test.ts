import { KernelError } from "@gona/kernel";
import { nicId } from "@gona/model";
import { expect, test } from "vitest";
import type { Announcement } from "../src/announcements.ts";
import { Announcer } from "../src/announcer.ts";
import { FakeClock } from "./fake-clock.ts";

const announcement = (n: number, nic = "eth1"): Announcement => ({
  nic: nicId(nic),
  mac: `02:00:00:00:${(n >> 8).toString(16).padStart(2, "0")}:${(n & 255).toString(16).padStart(2, "0")}`,
  vlan: 0,
  frame: new Uint8Array([n]),
});

function bed() {
  const clock = new FakeClock();
  const startMs = clock.nowMs();
  const sent: { nic: string; mac: number; atMs: number }[] = [];
  const errors: unknown[] = [];
  const announcer = new Announcer({
    clock,
    send: (nic, frame) => {
      if (nic === "dead") throw new Error("ENETDOWN");
      sent.push({ nic, mac: frame[0] ?? -1, atMs: clock.nowMs() - startMs });
    },
    onError: (_announcement, error) => errors.push(error),
  });
  return { clock, sent, errors, announcer };
}

test("the first frames leave at once, a thousand guests within 100 ms, and each twice", async () => {
  const { clock, sent, announcer } = bed();
  void announcer.announce(Array.from({ length: 1000 }, (_, n) => announcement(n)));
  expect(sent).toHaveLength(256);
  await clock.advance(100);
  expect(sent).toHaveLength(1000);
  await clock.advance(1000);
  expect(sent).toHaveLength(2000);
});

test("a newer announcement for a MAC replaces the older one", async () => {
  const { clock, sent, announcer } = bed();
  void announcer.announce([announcement(1, "eth1")]);
  void announcer.announce([announcement(1, "eth2")]);
  await clock.advance(1000);
  expect(sent.map((s) => s.nic)).toEqual(["eth1", "eth2", "eth2"]);
});

test("what is no longer so is not said once more: a MAC behind another NIC, an address under another MAC", async () => {
  const { clock, sent, announcer } = bed();
  const address = "10.0.0.11";
  void announcer.announce([{ ...announcement(1, "eth1"), address }, announcement(2, "eth1"), announcement(4, "eth1")]);
  void announcer.announce([announcement(1, "eth2")]);
  void announcer.announce([{ ...announcement(2, "eth1"), address: "10.0.0.12" }]);
  void announcer.announce([{ ...announcement(3, "eth1"), address: "10.0.0.12" }]);
  await clock.advance(1000);
  const said = (mac: number) => sent.filter((one) => one.mac === mac).map(({ nic }) => nic);
  expect(said(1)).toEqual(["eth1", "eth2", "eth2"]);
  expect(said(2)).toEqual(["eth1", "eth1", "eth1"]);
  expect(said(3)).toEqual(["eth1", "eth1"]);
  expect(said(4)).toEqual(["eth1", "eth1"]);
});

test("a NIC that cannot send does not hold up the others", async () => {
  const { clock, sent, errors, announcer } = bed();
  void announcer.announce([announcement(1, "dead"), announcement(2)]);
  await clock.advance(1000);
  expect(sent.map((s) => s.mac)).toEqual([2, 2]);
  expect(errors).toHaveLength(2);
});

test("a full queue is tried again until the frame leaves, and given up where it stays full", async () => {
  const clock = new FakeClock();
  const startMs = clock.nowMs();
  const [sent, errors]: [string[], unknown[]] = [[], []];
  const send = (nic: string): void => {
    const full = nic === "full" || (nic === "busy" && clock.nowMs() - startMs < 10);
    if (full) throw new KernelError("send frame", "ENOBUFS", "No buffer space available");
    sent.push(nic);
  };
  const announcer = new Announcer({ clock, send, onError: (_announcement, error) => errors.push(error) });
  let told = false;
  const all = announcer.announce([announcement(1, "busy"), announcement(2, "full"), announcement(3, "eth1")]);
  void all.then(() => {
    told = true;
  });
  await clock.advance(20);
  expect(sent).toEqual(["eth1", "busy"]);
  expect(told).toBe(false);
  await clock.advance(200);
  expect(told).toBe(true);
  await clock.advance(1000);
  expect(sent).toEqual(["eth1", "busy", "eth1", "busy"]);
  expect(errors).toHaveLength(2);
});
