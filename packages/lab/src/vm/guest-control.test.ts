import { Duplex, PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { GuestControl } from "./guest-control.ts";

/** A port whose far end the test plays. */
function port(): { control: GuestControl; fromHost: PassThrough; say: (line: string) => void } {
  const fromHost = new PassThrough();
  const fromGuest = new PassThrough();
  const control = new GuestControl(Duplex.from({ readable: fromGuest, writable: fromHost }));
  return { control, fromHost, say: (line) => void fromGuest.write(`${line}\n`) };
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");

test("scripts go out in base64 and are answered in any order", async () => {
  const { control, fromHost, say } = port();
  const first = control.send("echo one");
  const second = control.send("exit 3");
  say(`s1 3 ${base64("")}`);
  say(`s0 0 ${base64("one\n")}`);
  expect(await second).toEqual({ code: 3, output: "" });
  expect(await first).toEqual({ code: 0, output: "one\n" });
  expect(String(fromHost.read())).toBe(`s0 ${base64("echo one")}\ns1 ${base64("exit 3")}\n`);
});

test("a guest that is lost rejects what is waited for, and all that comes after", async () => {
  const { control } = port();
  const waiting = control.send("sleep 1000");
  control.fail(new Error("QEMU ended"));
  await expect(waiting).rejects.toThrow("QEMU ended");
  await expect(control.send("true")).rejects.toThrow("QEMU ended");
});

test("an answer that nobody asked for is not passed over", async () => {
  const { control, say } = port();
  const waiting = control.send("true");
  say("s7 0 ");
  await expect(waiting).rejects.toThrow(/the guest said/);
});
