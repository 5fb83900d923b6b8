import { guestId, megabitsPerSecond, vifId } from "@gona/model";
import { expect, it } from "vitest";
import { bigHost, wholeInventory } from "../test/big-host.ts";
import { desiredState } from "./desired-state.ts";
import { EMPTY_HUB, type HubState } from "./hub-state.ts";
import { tapSendBuffers } from "./tap-send-buffers.ts";

function hubOf(nics: number): HubState {
  const spec = bigHost(2, nics);
  return desiredState({ spec, inventory: wholeInventory(spec), observed: EMPTY_HUB }).hub;
}
const GUEST = vifId(guestId("guest0"));
const limitsOf = (hub: HubState): readonly number[] =>
  [...hub.slices.values()].filter(({ vifSlot }) => vifSlot === 0).map(({ leaf }) => leaf?.limit ?? 0);

it("in one queue nothing is dropped: its largest packet included, what is under way fits", () => {
  const hub = hubOf(1);
  const [limit = 0] = limitsOf(hub);
  const buffer = tapSendBuffers(hub).get(GUEST) ?? 0;
  expect(buffer).toBeGreaterThan(limit / 2 - 1);
  expect(buffer + 65_549).toBeLessThanOrEqual(limit);
});

it("of several queues a full one leaves room for what the others hold, in frames of 2304 bytes for 1514", () => {
  const hub = hubOf(3);
  const limits = limitsOf(hub);
  expect(limits.length).toBe(3);
  const held = limits.reduce((sum, limit) => sum + limit, 0);
  expect(tapSendBuffers(hub).get(GUEST) ?? 0).toBeGreaterThan((held * 2304) / 1514);
});

it("the parts of a slice, and a cap before it, are queues of their own", () => {
  const spec = bigHost(1, 1);
  const capped = {
    ...spec,
    guests: spec.guests.map((guest) => ({
      ...guest,
      vifs: guest.vifs.map((vif) => ({
        ...vif,
        aggregate: { ...vif.aggregate, limit: { egress: megabitsPerSecond(5) } },
      })),
    })),
  };
  const { hub } = desiredState({ spec: capped, inventory: wholeInventory(capped), observed: EMPTY_HUB });
  const held = limitsOf(hub).reduce((sum, limit) => sum + limit, 0);
  expect(limitsOf(hub).length).toBe(2);
  expect(tapSendBuffers(hub).get(GUEST) ?? 0).toBe(2 * held);
});

it("a vif without a NIC has no queue, and nothing to wait for", () => {
  const spec = bigHost(1, 1);
  const links = new Set([...wholeInventory(spec).links].filter((link) => !link.startsWith("eth")));
  const { hub } = desiredState({ spec, inventory: { ...wholeInventory(spec), links }, observed: EMPTY_HUB });
  expect(hub.vifs.size).toBe(1);
  expect(tapSendBuffers(hub).size).toBe(0);
});
