import { setTimeout as delay } from "node:timers/promises";
import { RunningLoad } from "../load/running-load.ts";
import { type BalanceCase, firstPort, flowEnds, seconds } from "./balance-case.ts";
import { SLOW } from "./balance-spec.ts";
import { FlowProgram } from "./flow-program.ts";
import { ordersBetween } from "./order-book.ts";
import { atMost } from "./results.ts";

const FLOWS = 96;
/** A million in two rounds of GONA; a small part of what the slices carry. */
const PACKETS_PER_SECOND = 30_000;
const MEAN_BURST = 8;
const DATAGRAM_BYTES = 200;
/** TCP flows that fill the slices' queues, unequally: only then can a flow that moves overtake itself. */
const FILLERS = 4;
const FILLED_MS = 500;

/** Numbered datagrams in bursts with gaps, while TCP fills the slices' queues: what is overtaken at moves. */
export const orderCase: BalanceCase = {
  name: `${FLOWS} UDP flows in bursts beside ${FILLERS} TCP flows`,
  variants: ["flowlet", "hash", "stripe"],
  shapes: [SLOW],
  async measure(bed, round, times) {
    const fillers = await RunningLoad.start(bed.loadHost, "fillers", [bed.outward(FILLERS, firstPort(round) + 600)]);
    await using bursts = await FlowProgram.bursts(bed.loadHost, {
      ...flowEnds(bed, round),
      ...{ flows: FLOWS, packetsPerSecond: PACKETS_PER_SECOND, meanBurst: MEAN_BURST, datagramBytes: DATAGRAM_BYTES },
      stream: bed.nextStream(),
    });
    await delay(FILLED_MS);
    const before = await bed.orders.read();
    bursts.go();
    await delay(bed.variant === "flowlet" ? seconds(times, 18, 4) : seconds(times, 4, 2));
    const sent = await bursts.stop();
    const { udp, tcp, outOfOrder } = ordersBetween(before, await bed.orders.read());
    await fillers.stop();
    const perMillion = (packets: number): number => (packets * 1e6) / Math.max(1, udp.packets);
    return [
      {
        ...{ figure: "reordered at moves, of a million", unit: "packets", value: perMillion(udp.lateAcross) },
        aim: atMost(1, "flowlet"),
      },
      { figure: "of these the mean came late by", unit: "ms", value: udp.lateMs / Math.max(1, udp.lateAcross) },
      { figure: "reordered otherwise, of a million", unit: "packets", value: perMillion(udp.lateWithin) },
      { figure: "flows that changed their slice", unit: "times", value: udp.moves },
      { figure: "datagrams that arrived", unit: "packets", value: udp.packets },
      { figure: "datagrams lost in full queues", unit: "%", value: (1 - udp.packets / Math.max(1, sent)) * 100 },
      { figure: "TCP flows that changed their slice", unit: "times", value: tcp.moves },
      { figure: "TCP segments out of order", unit: "segments", value: outOfOrder },
    ];
  },
};
