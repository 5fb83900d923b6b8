import { DatagramBatch } from "./datagram-batch.ts";
import { ParentWatch } from "./parent-watch.ts";
import { CLOCK_REALTIME, ProbeClock, wakeOnTime } from "./probe-clock.ts";
import { isProbe, sentSince, sequenceOf } from "./probe-datagram.ts";
import { type ProbeMessage, WINDOW_MS } from "./probe-messages.ts";
import { SequenceAccount } from "./sequence-account.ts";
import { openUdp, stampArrivals } from "./udp-socket.ts";

export interface ReceiveOptions {
  readonly address: string;
  readonly port: number;
  readonly perSecond: number;
  readonly stream: number;
}

/** Datagrams wait in the socket, with the kernel's stamp on them, so that reading may be lazy. */
const REST_NS = 2_000_000;
const BIN_NS = 10_000_000;
const BINS = WINDOW_MS / 10;

/** Books a stream of numbered datagrams and says each 100 ms how it stands. Blocks the process until the end. */
export function receiveProbe(options: ReceiveOptions, say: (message: ProbeMessage) => void): void {
  using socket = openUdp(options.address, options);
  stampArrivals(socket);
  const batch = new DatagramBatch();
  const account = new SequenceAccount(1e9 / options.perSecond);
  const parent = new ParentWatch();
  const clock = new ProbeClock(CLOCK_REALTIME);
  const epoch = clock.read().seconds;
  let windowBegin = clock.since(epoch);
  let bins = Array.from({ length: BINS }, () => 0);
  wakeOnTime();
  say({ kind: "ready" });

  const report = (now: number, silenceNs: number): void => {
    const { gapNs, rawGapNs, quiet } = account.takeGaps();
    const since1970 = (ns: number): number => epoch * 1e3 + ns / 1e6;
    say({
      kind: "sequence",
      atMs: since1970(now),
      ...account.totals,
      gapMs: gapNs / 1e6,
      rawGapMs: rawGapNs / 1e6,
      quiet: quiet.map(({ fromNs, toNs, pauseNs, sentNs }) => ({
        fromMs: since1970(fromNs),
        toMs: since1970(toNs),
        pauseFromMs: since1970(sentNs - pauseNs),
        pauseToMs: since1970(sentNs),
      })),
      silenceMs: silenceNs / 1e6,
      per10Ms: bins,
    });
    bins = Array.from({ length: BINS }, () => 0);
    windowBegin = now;
  };

  for (;;) {
    const asked = clock.read().since(epoch);
    const count = batch.receive(socket);
    for (let index = 0; index < count; index++) {
      const at = batch.offset(index);
      if (!isProbe(batch.view, at, batch.length(index), options.stream)) continue;
      const arrived = batch.arrivedSince(index, epoch);
      account.receive(sequenceOf(batch.view, at), sentSince(batch.view, at, epoch), arrived);
      const bin = Math.min(BINS - 1, Math.max(0, Math.floor((arrived - windowBegin) / BIN_NS)));
      bins[bin] = (bins[bin] ?? 0) + 1;
    }
    const now = clock.read().since(epoch);
    // Silent is what the socket was when it was asked, not how long this process then waited for a CPU.
    const silenceNs = count === 0 ? account.silenceNs(asked) : 0;
    if (now - windowBegin >= WINDOW_MS * 1e6) report(now, silenceNs);
    if (count > 0) continue;
    if (parent.gone) {
      report(now, silenceNs);
      return;
    }
    clock.sleepUntil(epoch, now + REST_NS);
  }
}
