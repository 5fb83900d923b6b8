import { expect, test } from "vitest";
import { check } from "../libc/errno.ts";
import { Fd } from "../libc/fd.ts";
import { libc } from "../libc/libc.ts";
import { notifyManager, unixAddress } from "./notify-manager.ts";

test("the service manager's socket gets the state; without one nothing happens", () => {
  expect(notifyManager("READY=1", undefined)).toBe(false);
  const name = `@gona-test-notify-${process.pid}`;
  using manager = new Fd(check(libc.socket(1, 2, 0), "socket"));
  const address = unixAddress(name);
  check(libc.bind(manager.number, address, address.length), "bind");
  expect(notifyManager("READY=1", name)).toBe(true);
  const buffer = Buffer.alloc(64);
  const length = check(libc.recv(manager.number, buffer, buffer.length, 0), "recv");
  expect(buffer.toString("utf8", 0, length)).toBe("READY=1");
});

test("a socket that nobody listens on is an error with its name", () => {
  expect(() => notifyManager("READY=1", "@gona-test-nobody")).toThrow(/notify @gona-test-nobody: ECONNREFUSED/);
});
