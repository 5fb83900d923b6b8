import { nicId } from "@gona/model";
import { describe, expect, it } from "vitest";
import { type LacpEvent, lacpStep, nextLacpDeadlineMs } from "./lacp-bundle.ts";
import { actorOf, type LacpBundle, type LacpPort } from "./lacp-port.ts";
import { lacpMemory } from "./lacp-resume.ts";
import { lacpStanding } from "./lacp-standing.ts";
import { describeLacpFlags, type Lacpdu, LacpFlag, type LacpParty } from "./lacpdu.ts";

const ALL = LacpFlag.ACTIVITY | LacpFlag.TIMEOUT | LacpFlag.AGGREGATION | LacpFlag.SYNC;
const SWITCH: LacpParty = {
  systemPriority: 100,
  system: "02:00:00:00:00:aa",
  key: 7,
  portPriority: 1,
  port: 11,
  state: ALL | LacpFlag.COLLECTING | LacpFlag.DISTRIBUTING,
};

/** An actor whose time a test moves; partners are what the test says they are. */
class Actor {
  nowMs = 0;
  bundle: LacpBundle = {
    system: "02:00:00:00:00:01",
    systemPriority: 32768,
    key: 1,
    rate: "fast",
    ports: new Map(),
  };
  sent: { readonly nic: string; readonly pdu: Lacpdu; readonly atMs: number }[] = [];

  feed(event: LacpEvent): this {
    const { bundle, pdus } = lacpStep(this.bundle, event, this.nowMs);
    this.bundle = bundle;
    this.sent.push(...pdus.map((each) => ({ ...each, atMs: this.nowMs })));
    return this;
  }

  plugIn(...nics: readonly string[]): this {
    for (const [place, name] of nics.entries()) {
      const nic = nicId(name);
      this.feed({ kind: "added", nic, number: place + 1 }).feed({ kind: "carrier", nic, up: true });
    }
    return this;
  }

  run(forMs: number, each: () => void = () => {}): this {
    const endMs = this.nowMs + forMs;
    for (;;) {
      const next = nextLacpDeadlineMs(this.bundle) ?? Number.POSITIVE_INFINITY;
      if (next > endMs) break;
      this.nowMs = Math.max(this.nowMs, next);
      each();
      this.feed({ kind: "tick" });
    }
    this.nowMs = endMs;
    return this;
  }

  /** The partner says what it is and that it has understood. */
  hear(name: string, partner: Partial<LacpParty> = {}): this {
    const port = this.port(name);
    const pdu = { actor: { ...SWITCH, ...partner }, partner: actorOf(this.bundle, port) };
    return this.feed({ kind: "pdu", nic: port.nic, pdu });
  }

  port(name: string): LacpPort {
    const port = this.bundle.ports.get(nicId(name));
    if (port === undefined) throw new Error(`no port ${name}`);
    return port;
  }

  mux(name: string): string {
    return this.port(name).mux;
  }

  cause(name: string): string {
    return lacpStanding(this.bundle, this.port(name)).cause;
  }

  problem(name: string): string | undefined {
    return lacpStanding(this.bundle, this.port(name)).problem;
  }
}

/** Bundled by ports 11, 12 … of the switch, at 2 s. */
const bundled = (...nics: readonly string[]): Actor => {
  const actor = new Actor().plugIn(...nics);
  for (const [place, nic] of nics.entries()) actor.hear(nic, { port: 11 + place });
  return actor.run(2000);
};

describe("a port", () => {
  it("asks at once and each second, waits for its bundle for 2 s, then distributes", () => {
    const actor = new Actor().plugIn("eth1").run(1000);
    expect(actor.sent.map(({ atMs }) => atMs)).toEqual([0, 1000]);
    expect(describeLacpFlags(actor.sent[0]?.pdu.actor.state ?? 0)).toBe("ATG----E");
    actor.hear("eth1");
    expect([actor.port("eth1").reception, actor.mux("eth1")]).toEqual(["current", "waiting"]);
    actor.run(1999);
    expect(actor.mux("eth1")).toBe("waiting");
    actor.run(1);
    expect(actor.mux("eth1")).toBe("distributing");
    expect(describeLacpFlags(actor.sent.at(-1)?.pdu.actor.state ?? 0)).toBe("ATGSCD--");
  });

  it("stays attached while the partner is not in sync, and collecting while it does not collect", () => {
    const actor = new Actor()
      .plugIn("eth1")
      .hear("eth1", { state: ALL & ~LacpFlag.SYNC })
      .run(2000);
    expect([actor.mux("eth1"), actor.problem("eth1")]).toEqual(["attached", "refused"]);
    actor.hear("eth1", { state: ALL });
    expect(actor.mux("eth1")).toBe("collecting");
    actor.hear("eth1");
    expect(actor.mux("eth1")).toBe("distributing");
  });

  it("does not take a partner's word that is about another port", () => {
    const actor = new Actor().plugIn("eth1").hear("eth1").run(2000);
    const pdu = { actor: SWITCH, partner: { ...actorOf(actor.bundle, actor.port("eth1")), port: 9 } };
    actor.feed({ kind: "pdu", nic: nicId("eth1"), pdu });
    expect(actor.mux("eth1")).toBe("attached");
  });

  it("stops 3 s after the last PDU, and is without a partner after 3 s more", () => {
    const actor = bundled("eth1");
    actor.hear("eth1").run(2999);
    expect(actor.mux("eth1")).toBe("distributing");
    actor.run(1);
    expect([actor.mux("eth1"), actor.port("eth1").reception]).toEqual(["attached", "expired"]);
    actor.run(3000);
    expect(actor.port("eth1").reception).toBe("defaulted");
  });

  it("stops after 90 s where slow PDUs were asked for", () => {
    const actor = bundled("eth1").feed({ kind: "rate", rate: "slow" }).hear("eth1");
    expect(actor.run(89_999).mux("eth1")).toBe("distributing");
    expect(actor.run(1).mux("eth1")).toBe("attached");
  });

  it("sends as often as the partner asks, and at once when it asks for more", () => {
    const actor = bundled("eth1").hear("eth1", { state: SWITCH.state & ~LacpFlag.TIMEOUT });
    const hear = (state: number) => () => void actor.hear("eth1", { state });
    actor.sent = [];
    actor.run(60_000, hear(SWITCH.state & ~LacpFlag.TIMEOUT));
    expect(actor.sent.length).toBeLessThanOrEqual(3);
    actor.sent = [];
    actor.hear("eth1");
    expect(actor.sent).toHaveLength(1);
  });
});

describe("a bundle", () => {
  it("is of the partner with most ports, then of the one in use", () => {
    const actor = new Actor().plugIn("eth1", "eth2", "eth3");
    const other = { system: "02:00:00:00:00:bb" };
    actor
      .hear("eth1")
      .hear("eth2", { ...other, port: 1 })
      .hear("eth3", { ...other, port: 2 })
      .run(2000);
    expect(["eth1", "eth2", "eth3"].map((nic) => actor.mux(nic))).toEqual(["detached", "distributing", "distributing"]);
    expect(actor.problem("eth1")).toBe("other-partner");
    expect(actor.cause("eth1")).toContain("02:00:00:00:00:aa, key 7");
    actor.feed({ kind: "carrier", nic: nicId("eth3"), up: false });
    expect(actor.mux("eth2")).toBe("distributing");
  });

  it("without any partner is one NIC alone, once nobody may still find one", () => {
    const actor = new Actor().plugIn("eth1", "eth2").run(2999);
    expect([actor.mux("eth1"), actor.mux("eth2")]).toEqual(["detached", "detached"]);
    actor.run(2001);
    expect([actor.mux("eth1"), actor.mux("eth2")]).toEqual(["distributing", "detached"]);
    expect([actor.problem("eth1"), actor.problem("eth2")]).toEqual(["no-partner", "no-partner"]);
    actor.hear("eth2").run(2000);
    expect([actor.mux("eth1"), actor.mux("eth2")]).toEqual(["detached", "distributing"]);
    actor.feed({ kind: "carrier", nic: nicId("eth2"), up: false }).run(5000);
    expect(actor.mux("eth1")).toBe("distributing");
  });

  it("has no port whose cable leads back to this host", () => {
    const actor = new Actor().plugIn("eth1");
    actor.hear("eth1", { system: actor.bundle.system }).run(2000);
    expect([actor.mux("eth1"), actor.problem("eth1")]).toEqual(["detached", "loop"]);
  });

  it("lets a port go that is to stand by, and says so to its partner", () => {
    const actor = bundled("eth1", "eth2");
    actor.sent = [];
    actor.run(900).feed({ kind: "standby", nic: nicId("eth2"), on: true });
    expect([actor.mux("eth1"), actor.mux("eth2")]).toEqual(["distributing", "detached"]);
    const last = actor.sent.findLast(({ nic }) => nic === "eth2");
    expect(describeLacpFlags(last?.pdu.actor.state ?? 0)).toBe("ATG-----");
    actor
      .hear("eth2", { port: 12 })
      .feed({ kind: "standby", nic: nicId("eth2"), on: false })
      .run(2000);
    expect(actor.mux("eth2")).toBe("distributing");
  });
});

describe("a port that a daemon before this one left", () => {
  const left = bundled("eth1");
  const memory = lacpMemory(left.bundle, left.port("eth1"));
  if (memory === undefined) throw new Error("a distributing port is remembered");
  const resumed = (number = 1) => new Actor().feed({ kind: "added", nic: nicId("eth1"), number, memory });

  it("goes on and says what it said", () => {
    const actor = resumed();
    expect(actor.mux("eth1")).toBe("distributing");
    expect(actor.sent.map(({ pdu }) => pdu)).toEqual([left.sent.at(-1)?.pdu]);
    expect(actor.hear("eth1").run(2000).mux("eth1")).toBe("distributing");
  });

  it("is given up after the usual time", () => {
    expect(resumed().run(2999).mux("eth1")).toBe("distributing");
    expect(resumed().run(3000).mux("eth1")).toBe("attached");
  });

  it("begins anew under another number", () => {
    expect(resumed(2).mux("eth1")).toBe("detached");
  });

  it("is not remembered while it carries nothing", () => {
    const actor = left.feed({ kind: "carrier", nic: nicId("eth1"), up: false });
    expect(lacpMemory(actor.bundle, actor.port("eth1"))).toBeUndefined();
  });
});
