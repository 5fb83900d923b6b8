import { expect, test } from "vitest";
import { domainRows } from "./domain-rows.ts";

const facts = { path: "/sbin:/usr/bin", exists: (path: string) => path === "/usr/bin/setpriv", cgroups: true };

test("what agents need is found", () => {
  expect(domainRows(facts)).toMatchObject([
    { check: "setpriv", state: "ok", found: "/usr/bin/setpriv" },
    { check: "cgroup", state: "ok" },
  ]);
});

test("without setpriv there are no agents; without cgroups they have no limit", () => {
  const [setpriv, cgroup] = domainRows({ ...facts, exists: () => false, cgroups: false });
  expect(setpriv).toMatchObject({ state: "missing", remedy: expect.stringContaining("util-linux") });
  expect(cgroup).toMatchObject({ state: "advice" });
});
