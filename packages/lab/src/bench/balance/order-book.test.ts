import { expect, it } from "vitest";
import { counterOf } from "./order-book.ts";

const TEXT = `TcpExt: SyncookiesSent TCPOFOQueue TCPOFODrop
TcpExt: 1 27 3
IpExt: InNoRoutes
IpExt: 4
`;

it("finds a counter by its group and name", () => {
  expect(counterOf(TEXT, "TcpExt", "TCPOFOQueue")).toBe(27);
  expect(counterOf(TEXT, "IpExt", "InNoRoutes")).toBe(4);
});

it("does not take a counter that is not there for zero", () => {
  expect(() => counterOf(TEXT, "TcpExt", "TCPRenamed")).toThrow(RangeError);
});
