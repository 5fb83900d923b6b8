import { nicId } from "@gona/model";
import { expect, test } from "vitest";
import type { CarrierSource } from "../src/link-monitor.ts";
import { makeBed, settle, specText } from "./bed.ts";

const eth1 = nicId("eth1");

test("a carrier that was seen to go counts before its link event, and the event that comes late changes nothing", async () => {
  let tell: Parameters<CarrierSource>[0] = () => undefined;
  const carriers: CarrierSource = (listener) => {
    tell = listener;
    return { [Symbol.dispose]: () => undefined };
  };
  await using bed = makeBed({ carriers });
  await bed.controller.start({ text: specText(), file: "host.yaml" });
  await settle();
  const slot = bed.plane.hub.nics.get(eth1)?.slot ?? -1;
  tell(slot, "dead");
  await settle();
  expect(bed.plane.hub.nics.get(eth1)?.up).toBe(false);
  bed.kernel.setCarrier("eth1", false);
  await settle();
  // Seen before its event as well; a NIC needs both.
  tell(slot, "alive");
  await bed.clock.advance(2100);
  expect(bed.plane.hub.nics.get(eth1)?.up).toBe(false);
  bed.kernel.setCarrier("eth1", true);
  await bed.clock.advance(2100);
  expect(bed.plane.hub.nics.get(eth1)?.up).toBe(true);
  const kinds = bed.events.recent({ limit: 100 }).map((event) => event.kind);
  expect(kinds.filter((kind) => kind.startsWith("nic"))).toEqual(["nic-down", "nic-returning", "nic-up"]);
});
