import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readlinkSync } from "node:fs";
import { expect, test } from "vitest";
import { LinuxKernel } from "../linux/linux-kernel.ts";
import { inNamespace } from "./in-namespace.ts";
import { createNamespace, deleteNamespace, enterCommand, listNamespaces, sweepNamespaces } from "./named-namespaces.ts";

const NAME = "gona-k-ns";
const own = (): string => readlinkSync("/proc/thread-self/ns/net");

function namespace(name = NAME): Disposable {
  deleteNamespace(name);
  createNamespace(name);
  return { [Symbol.dispose]: () => void deleteNamespace(name) };
}

test("a namespace is made and deleted as `ip netns` does, with lo up", () => {
  {
    using _ns = namespace();
    expect(listNamespaces()).toContain(NAME);
    expect(execFileSync("ip", ["-n", NAME, "-o", "link", "show", "lo"], { encoding: "utf8" })).toMatch(/<LOOPBACK,UP,/);
    expect(execFileSync("ip", ["netns", "list"], { encoding: "utf8" })).toContain(NAME);
    expect(() => createNamespace(NAME)).toThrow(/ip netns add gona-k-ns: EEXIST/);
  }
  expect(listNamespaces()).not.toContain(NAME);
  expect(deleteNamespace(NAME)).toBe(false);
});

test("one that `ip netns` made is entered, listed and deleted", () => {
  execFileSync("ip", ["netns", "add", NAME]);
  try {
    expect(listNamespaces()).toContain(NAME);
    expect(inNamespace(NAME, own)).not.toBe(own());
  } finally {
    expect(deleteNamespace(NAME)).toBe(true);
  }
  expect(execFileSync("ip", ["netns", "list"], { encoding: "utf8" })).not.toMatch(/gona-k-ns$/m);
});

test("the thread comes back from a namespace, also after a throw and from a nested one", () => {
  using _ns = namespace();
  using _inner = namespace("gona-k-ns-inner");
  const home = own();
  const seen = inNamespace(NAME, () => [own(), inNamespace("gona-k-ns-inner", own), own()]);
  expect(new Set([home, ...seen]).size).toBe(3);
  expect(seen[0]).toBe(seen[2]);
  expect(own()).toBe(home);
  const fail = () => {
    throw new Error("inside");
  };
  expect(() => inNamespace(NAME, fail)).toThrow("inside");
  expect(own()).toBe(home);
  expect(() => inNamespace("gona-k-none", own)).toThrow(/gona-k-none: ENOENT/);
});

test("work that could go on after the way back is refused", () => {
  using _ns = namespace();
  const home = own();
  expect(() => inNamespace(NAME, async () => 1)).toThrow(TypeError);
  expect(() => inNamespace(NAME, () => Promise.reject(new Error("late")))).toThrow(TypeError);
  expect(own()).toBe(home);
});

test("a kernel of a process's namespace is opened by path; a command enters by name", async () => {
  using _ns = namespace();
  const [program, ...rest] = enterCommand(NAME, ["cat"]);
  const child = spawn(program, rest, { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.write("ready\n");
  await once(child.stdout, "data");
  using kernel = LinuxKernel.open({ netns: `/proc/${child.pid}/ns/net` });
  expect(kernel.links().map(({ name }) => name)).toContain("lo");
  expect(kernel.link("eth0")).toBeUndefined();
  child.stdin.end();
  await once(child, "exit");
});

test("a sweep takes what has the prefix and nothing else", () => {
  using _other = namespace("gona-k-other");
  using _a = namespace("gona-k-ns-a");
  using _b = namespace("gona-k-ns-b");
  expect(sweepNamespaces("gona-k-ns-")).toEqual(["gona-k-ns-a", "gona-k-ns-b"]);
  expect(listNamespaces()).toContain("gona-k-other");
  expect(() => sweepNamespaces("g")).toThrow(RangeError);
});

test.each(["", "..", "a/b", ".hidden", "-rf"])("%j is no name", (name) => {
  expect(() => createNamespace(name)).toThrow(RangeError);
  expect(() => deleteNamespace(name)).toThrow(RangeError);
});
