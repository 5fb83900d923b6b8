import { describe, expect, it } from "vitest";
import { explainPart } from "./explain-part.ts";
import { REST_PART, type TrafficRule } from "./hub-state.ts";
import { parseFlow } from "./parse-flow.ts";

const RULES: readonly TrafficRule[] = [
  { part: 1, dscp: [46] },
  { part: 2, protocol: 6, ports: { from: 80, to: 80 } },
  { part: 2, protocol: 6, ports: { from: 8000, to: 8999 } },
  { part: 3, pcp: [5], protocol: 17 },
  { part: 4, dscp: [0, 8], protocol: 1 },
];
const partOf = (flow: string, rules = RULES) =>
  explainPart({ parts: true }, { vifSlot: 0, rules, parts: [] }, parseFlow(flow));

describe("explainPart", () => {
  it.each([
    ["tcp 10.0.0.1:80 > 10.0.0.2:5000", { part: 2, ifMarked: [1] }],
    ["tcp 10.0.0.1:5000 > 10.0.0.2:8999", { part: 2, ifMarked: [1] }],
    ["tcp 10.0.0.1:5000 > 10.0.0.2:9000", { part: REST_PART, ifMarked: [1] }],
    ["udp 10.0.0.1:80 > 10.0.0.2:80", { part: REST_PART, ifMarked: [1, 3] }],
    ["icmp 10.0.0.1 > 10.0.0.2", { part: 4, ifMarked: [1] }],
  ])("of %s is what the first rule says that fits, and names those that ask for marks", (flow, part) => {
    expect(partOf(flow)).toEqual(part);
  });

  it("is the rest where there are no rules, and nothing where slices have no parts", () => {
    const flow = parseFlow("icmp 10.0.0.1 > 10.0.0.2");
    expect(explainPart({ parts: true }, undefined, flow)).toEqual({ part: REST_PART, ifMarked: [] });
    expect(explainPart({ parts: false }, undefined, flow)).toBeUndefined();
  });
});
