import { readFileSync } from "node:fs";
import { COMMAND_SCHEMAS, commandJsonSchema, type DoctorRow, type DomainView, type HostEvent } from "@gona/api";
import { GonaError } from "@gona/model";
import { describe, expect, it } from "vitest";
import type { DaemonOptions, LabRequest } from "../src/entry-points.ts";
import { delivery, GOOD, guest, nic, slice, status } from "./canned.ts";
import { type FakeWorld, gona } from "./fake-context.ts";

const files = { "host.yaml": GOOD };
const applied = { revision: 4, changed: true, steps: 7, durationMs: 12.34, pending: [] };
const event = (id: number): HostEvent => ({
  id,
  at: "2026-11-22T20:11:15.000Z",
  kind: "nic-down",
  subject: "eth1",
  message: "eth1 lost its carrier",
  cause: "link event",
});
const REVISION = {
  revision: 1,
  at: "2026-11-22T20:11:15.000Z",
  state: "committed",
  current: true,
  file: "a",
  sha256: "f".repeat(64),
  nics: 1,
  guests: 1,
} as const;
const explanation = {
  guest: "web1",
  vif: "web1",
  macStrategy: "per-slice",
  slices: [{ slice: 0, nic: "eth1", classid: "a09a:8", nicState: "up", buckets: 512, mac: "02:00:00:00:00:01" }],
  flow: { text: "tcp a > b", bucket: 135, slice: 0, nic: "eth1", classid: "a09a:8", chosenNic: "eth2" },
  why: ["eth2 is dead"],
} as const;

describe("drain and undrain", () => {
  const drained = { nic: "eth1", drained: true, stayed: [], waitingBytes: 0, durationMs: 31.6 };

  it("tell when it is done, and who stayed for want of another NIC", async () => {
    const daemon = { drain: async (nic: string) => ({ ...drained, nic, stayed: ["db1"] }) };
    expect(await gona(["drain", "eth1"], { daemon })).toEqual({
      code: 0,
      out: "eth1 is drained after 32 ms\nstill on it, with no other NIC that lives: db1\n",
      err: "",
    });
  });

  it("print JSON of the documented shape", async () => {
    const daemon = { undrain: async (nic: string) => ({ ...drained, nic, drained: false }) };
    const { out } = await gona(["undrain", "eth1", "--json"], { daemon });
    expect(COMMAND_SCHEMAS.undrain.parse(JSON.parse(out))).toEqual({ ...drained, drained: false });
  });
});

describe("commands that need a daemon", () => {
  it.each([
    ["status"],
    ["get", "nics"],
    ["get", "events"],
    ["get", "events", "--watch"],
    ["explain", "web1"],
    ["history"],
    ["rollback", "1"],
    ["apply", "host.yaml"],
    ["dump"],
    ["teardown", "--yes"],
  ])("%s %s: exit code 3 without one", async (...words) => {
    const { code, out, err } = await gona(words, { files });
    expect([code, out]).toEqual([3, ""]);
    expect(err).toContain("no daemon answers");
  });

  const daemon: FakeWorld["daemon"] = {
    apply: () => Promise.resolve(applied),
    rollback: () => Promise.resolve(applied),
    teardown: () => Promise.resolve(applied),
    status: () => Promise.resolve(status()),
    nics: () => Promise.resolve([nic("eth1")]),
    guests: () => Promise.resolve([guest("web1")]),
    slices: () => Promise.resolve([slice("web1", "eth1")]),
    delivery: () => Promise.resolve([delivery()]),
    domains: () => Promise.resolve(status().domains),
    domainExec: () => Promise.resolve({ code: 0, output: "e1000: eth0\n" }),
    domainRestart: () => Promise.resolve({ domain: status().domains.slice(-1)[0] as DomainView, durationMs: 212 }),
    events: () => Promise.resolve([event(1)]),
    history: () => Promise.resolve([REVISION]),
    explain: () => Promise.resolve({ ...explanation, slices: [...explanation.slices], why: [...explanation.why] }),
    dump: () => Promise.resolve("link eth1"),
    check: () => Promise.resolve({ nics: 1, guests: 1, slices: 1, unknownLinks: [] }),
  };

  it.each([
    ["status"],
    ["apply host.yaml"],
    ["check host.yaml"],
    ["rollback 3"],
    ["teardown --yes"],
    ["get nics"],
    ["get guests"],
    ["get slices"],
    ["get delivery"],
    ["get domains"],
    ["get events"],
    ["domain exec dd-vm dmesg"],
    ["domain restart dd-intel"],
    ["history"],
    ["explain web1"],
    ["dump"],
  ])("%s --json prints nothing but what its schema says", async (line) => {
    const { code, out, err } = await gona([...line.split(" "), "--json"], { daemon, files });
    expect([code, err]).toEqual([0, ""]);
    const [first = "", second = ""] = line.split(" ");
    const name = first === "get" || first === "domain" ? `${first} ${second}` : first;
    const schema = COMMAND_SCHEMAS[name as keyof typeof COMMAND_SCHEMAS];
    expect(schema.parse(JSON.parse(out))).toEqual(JSON.parse(out));
  });

  it("status shows states, reasons, and drops but no other verdicts", async () => {
    const { out } = await gona(["status"], { daemon });
    expect(out).toContain("converged, revision 3; gona 0.1.0, process 42, since 2026-11-22 20:11:15");
    expect(out).toMatch(/eth2 +down .*no carrier/);
    expect(out).toMatch(/db1 +pending .*there is no link vnet1 yet/);
    expect(out).toContain("packets by verdict: drop_spoofed_mac 7\n");
  });

  it("apply says what it did", async () => {
    expect((await gona(["apply", "host.yaml"], { daemon, files })).out).toBe("revision 4: 7 changes in 12.3 ms\n");
  });

  it("explain says where a flow goes, and instead of where", async () => {
    const { out } = await gona(["explain", "web1", "tcp a > b"], { daemon });
    expect(out).toContain("bucket 135 -> slice 0 -> eth1, class a09a:8 (instead of eth2)\n\n- eth2 is dead\n");
  });

  it("a watch measures rates between looks, and ends with exit code 0", async () => {
    let txBytes = 0;
    const slices = () => {
      txBytes += 12_500_000;
      return Promise.resolve([slice("web1", "eth1", { txBytes })]);
    };
    const nics = async () => (await slices()).map(({ txBytes: sent }) => nic("eth1", { txBytes: sent }));
    const table = await gona(["get", "nics", "--watch"], { daemon: { nics }, rounds: 2 });
    expect(table.code).toBe(0);
    expect(table.out.match(/NOW OUT/g)).toHaveLength(3);
    expect(table.out.match(/100 Mbit/g)).toHaveLength(2);
    txBytes = 0;
    const json = await gona(["get", "slices", "--watch", "--json"], { daemon: { slices }, rounds: 1 });
    const lines = json.out
      .trimEnd()
      .split("\n")
      .map((line) => COMMAND_SCHEMAS["get slices"].parse(JSON.parse(line)));
    expect(lines.map(([row]) => row?.txBitsPerSecond)).toEqual([undefined, 100e6]);
  });

  it("events are shown one by one as they happen", async () => {
    const followEvents = async function* () {
      yield await Promise.resolve(event(1));
      yield await Promise.resolve(event(2));
    };
    const { out } = await gona(["get", "events", "--watch"], { daemon: { followEvents } });
    expect(out.split("\n")[1]).toBe("2026-11-22 20:11:15  nic-down  eth1: eth1 lost its carrier (link event)");
  });

  it("an error of the daemon keeps its code's exit code, and its causes", async () => {
    const cause = new Error("EBUSY (Device or resource busy)");
    const apply = () => Promise.reject(new GonaError("APPLY_ROLLED_BACK", "step 3 failed", {}, { cause }));
    expect(await gona(["apply", "host.yaml"], { daemon: { apply }, files })).toEqual({
      code: 1,
      out: "",
      err: "error: step 3 failed\n  because: EBUSY (Device or resource busy)\n",
    });
  });

  it("what nobody foresaw is a bug, with its stack", async () => {
    const status = () => Promise.reject(new TypeError("x is undefined"));
    const { code, err } = await gona(["status"], { daemon: { status } });
    expect(code).toBe(1);
    expect(err).toMatch(/^error: x is undefined\nTypeError: x is undefined\n +at /);
  });
});

describe("words", () => {
  it.each([
    [[], ""],
    [["chekc", "x"], "error: unknown command 'chekc' (Did you mean check?)"],
    [["check"], "error: missing required argument 'file'"],
    [["check", "a", "b"], "too many arguments"],
    [["status", "--jsno"], "error: unknown option '--jsno' (Did you mean --json?)"],
    [["get", "nisc"], 'did you mean "nics"?'],
    [["rollback", "0"], "not a revision"],
    [["teardown"], "--yes"],
    [["lab", "walk"], "Allowed choices are list, up, down, run"],
    [["daemon", "--log-level", "loud"], "Allowed choices are trace"],
  ])("%j: exit code 2", async (words, said) => {
    const { code, out, err } = await gona(words);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain(said);
  });

  it("help and version are no errors", async () => {
    expect(await gona(["--version"])).toEqual({ code: 0, out: "1.2.3\n", err: "" });
    const { code, out } = await gona(["--help"]);
    expect(code).toBe(0);
    const commands = [...out.matchAll(/^ {2}([a-z]+) (?:\[options\]| )/gm)].map(([, name]) => name ?? "");
    expect(commands).toEqual(
      expect.arrayContaining([
        "daemon",
        "check",
        "plan",
        "apply",
        "status",
        "get",
        "explain",
        "doctor",
        "lab",
        "bench",
        "history",
        "rollback",
      ]),
    );
    const documented = readFileSync(new URL("../../../docs/cli.md", import.meta.url), "utf8");
    for (const command of commands.filter((name) => name !== "help")) {
      const help = await gona([command, "--help"]);
      expect(help, command).toMatchObject({ code: 0, err: "" });
      expect(help.out, command).toMatch(/--json/);
      expect(help.out, command).toMatch(/Example:\n {2}\$ gona /);
      expect(documented, command).toContain(`\`gona ${command}`);
    }
  });
});

describe("programs behind words", () => {
  it("the daemon gets its options, and its exit code is gona's", async () => {
    const got: DaemonOptions[] = [];
    const daemon = (options: DaemonOptions) => Promise.resolve(got.push(options) + 3);
    const { code } = await gona(["daemon", "--spec", "a.yaml", "--run-dir", "/r"], { entryPoints: { daemon } });
    expect(code).toBe(4);
    expect(got[0]).toMatchObject({ spec: "a.yaml", runDir: "/r", stateDir: "/var/lib/gona" });
  });

  it("the lab gets its request", async () => {
    const got: LabRequest[] = [];
    const lab = (request: LabRequest) => Promise.resolve(got.push(request));
    expect(await gona(["lab", "run", "quick-start", "--once", "--json"], { entryPoints: { lab } })).toMatchObject({
      code: 1,
    });
    expect(got[0]).toMatchObject({ action: "run", scenario: "quick-start", once: true, json: true });
  });

  const row = {
    suite: "path",
    case: "GONA",
    figure: "packets/s",
    unit: "1/s",
    value: 993_000,
    low: 1,
    high: 2,
    versus: { name: "bridge", value: 780_000, ratio: 1.273 },
    target: ">= 1.15 x",
    holds: true,
  };
  const suites = ["path", "scale"].map((name) => ({
    name,
    about: `about ${name}`,
    run: ({ progress }: { progress: (line: string) => void }) => {
      progress("round 1");
      return Promise.resolve([{ ...row, suite: name }]);
    },
  }));
  const entryPoints = { benchSuites: () => Promise.resolve(suites) };

  it("bench runs the suites that are named, with progress on standard error", async () => {
    const { code, out, err } = await gona(["bench", "scale", "--json"], { entryPoints });
    expect([code, err]).toEqual([0, "scale: round 1\n"]);
    expect(JSON.parse(out)).toEqual([{ ...row, suite: "scale" }]);
    expect((await gona(["bench"], { entryPoints })).out).toMatch(
      /path +GONA +packets\/s +9\.930e\+5|path +GONA +packets\/s +993000/,
    );
    expect(await gona(["bench", "pth"], { entryPoints })).toMatchObject({
      code: 2,
      err: expect.stringContaining('did you mean "path"?'),
    });
  });

  it("the doctor's exit code is 4 where something is missing, and only then", async () => {
    const rows: DoctorRow[] = [
      { check: "node", state: "ok", found: "Node 24" },
      { check: "fq_codel", state: "advice", found: "ENOENT", remedy: "not needed" },
    ];
    const doctor = () => Promise.resolve(rows);
    expect(await gona(["doctor"], { entryPoints: { doctor } })).toMatchObject({
      code: 0,
      out: expect.stringContaining("GONA can run here."),
    });
    rows.push({ check: "btf", state: "missing", found: "none", remedy: "another kernel" });
    expect(await gona(["doctor"], { entryPoints: { doctor } })).toMatchObject({
      code: 4,
      out: expect.stringContaining("1 missing"),
    });
    const { code, out } = await gona(["doctor", "--json"], { entryPoints: { doctor } });
    expect([code, COMMAND_SCHEMAS.doctor.parse(JSON.parse(out)).ok]).toEqual([4, false]);
  });
});

it("docs/cli.schema.json is that of the schemas (node scripts/generate-docs.ts)", () => {
  expect(readFileSync(new URL("../../../docs/cli.schema.json", import.meta.url), "utf8")).toBe(commandJsonSchema());
});
