import * as kernel from "@gona/kernel";
import { expect, it } from "vitest";
import { examineHost } from "../src/doctor/examine-host.ts";
import { trialRows } from "../src/doctor/trial-rows.ts";

const scratch = () => kernel.listNamespaces().filter((name) => name.startsWith("gona-doctor"));

it("the doctor tries in a namespace of its own what the daemon will do, and leaves nothing behind", async () => {
  const rows = await examineHost({ runDir: "/run/gona-doctor-test/below" });
  const states = new Map(rows.map(({ check, state }) => [check, state]));
  for (const check of [
    "node",
    "kernel-version",
    "capabilities",
    "btf",
    "run-dir",
    "bpf-object",
    "namespaces",
    "veth",
    "htb",
    "bfifo",
    "tbf",
    "clsact",
    "bpf",
    "cls_bpf",
  ]) {
    expect(states.get(check), check).toBe("ok");
  }
  expect(rows.filter(({ state }) => state === "missing")).toEqual([]);
  expect(scratch()).toEqual([]);
});

it("a kernel that refuses is reported in its own words, and nothing stays either", async () => {
  const refusing = {
    ...kernel,
    loadBpfObject: () => {
      throw new kernel.KernelError("bpf prog load", "EPERM", "Operation not permitted");
    },
  };
  const rows = await trialRows(refusing, "/nowhere.o");
  expect(rows.find(({ check }) => check === "bpf")).toMatchObject({
    state: "missing",
    found: expect.stringMatching(/^EPERM/),
  });
  expect(rows.some(({ check }) => check === "cls_bpf")).toBe(false);
  expect(scratch()).toEqual([]);
});
