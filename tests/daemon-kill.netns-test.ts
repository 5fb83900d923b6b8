import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { DaemonBed, endStream } from "./daemon-bed.ts";
import { MachineDrops } from "./machine-drops.ts";
import { random } from "./random-walk.ts";

const KILLS = 50;
/** Of the walk; GONA_SEED replays another. */
const SEED = Number(process.env.GONA_SEED ?? 20_261);
const OTHERS = ["other1", "other2", "other3"];
const PER_SECOND = 1000;

const guest = (bed: DaemonBed, name: string, number: number, slices: readonly string[]) => `
  - name: ${name}
    vif: { create: { netns: ${bed.netns(name)}, name: eth0 }, mac: "52:54:00:d2:00:0${number}", addresses: [10.9.0.${number}] }
    aggregate:
      balance: hash
      slices: [${slices.join(", ")}]`;

/** The steady guest is alike in all of them; of the others each may be there, with any NICs and limits. */
function randomSpec(bed: DaemonBed, next: () => number): string {
  const slice = (nic: string, limit: number) => `{ nic: ${nic}, egress: { reserve: 10Mbit, limit: ${limit}Mbit } }`;
  const guests = [guest(bed, "steady", 1, [slice("eth1", 500), slice("eth2", 500)])];
  for (const [index, name] of OTHERS.entries()) {
    if (next() < 0.3) continue;
    const nics = [["eth1"], ["eth2"], ["eth1", "eth2"]][Math.floor(next() * 3)] ?? [];
    guests.push(
      guest(
        bed,
        name,
        index + 2,
        nics.map((nic) => slice(nic, 50 + Math.floor(next() * 900))),
      ),
    );
  }
  return `apiVersion: gona/v1
nics:
  - { name: eth1, capacity: 2Gbit, fabric: rack }
  - { name: eth2, capacity: 2Gbit, fabric: rack }
guests:${guests.join("")}
`;
}

test(`a daemon killed ${KILLS} times within its applies costs other guests no packet, and the last one converges`, {
  timeout: 240_000,
}, async () => {
  const next = random(SEED);
  await using bed = new DaemonBed("gona-d2", OTHERS);
  const first = bed.spawnDaemon();
  await first.line("ready", (line) => line.msg === "ready");
  await bed.client.apply({ text: randomSpec(bed, next) });
  bed.dressSteadyGuest();
  using machine = new MachineDrops();
  const streams = await bed.startTraffic(PER_SECOND);
  await first.stop("SIGKILL");

  let cut = 0;
  const diary: { readonly atMs: number; readonly what: string }[] = [];
  const note = (what: string) => diary.push({ atMs: Date.now(), what });
  for (let kill = 0; kill < KILLS; kill++) {
    note(`daemon ${kill} starts`);
    const daemon = bed.spawnDaemon();
    // One in five dies while it still starts, the others within an apply.
    if (next() < 0.2) await pause(next() * 700);
    else {
      await daemon.line("ready", (line) => line.msg === "ready");
      note(`daemon ${kill} applies`);
      const outcome = bed.client.apply({ text: randomSpec(bed, next) }).then(
        () => "done",
        () => "cut",
      );
      await pause(next() * 40);
      await daemon.stop("SIGKILL");
      if ((await outcome) === "cut") cut++;
    }
    await daemon.stop("SIGKILL");
    note(`daemon ${kill} is dead`);
  }

  const last = bed.spawnDaemon();
  await last.line("ready", (line) => line.msg === "ready");
  const text = randomSpec(bed, next);
  await bed.client.apply({ text });
  expect(await bed.client.status()).toMatchObject({ converged: true, pending: [], lastError: null });
  expect((await bed.client.plan({ text })).steps).toEqual([]);
  await last.stop("SIGTERM");
  for (const stream of streams) {
    const { sent, refused, received, losses } = await endStream(stream);
    expect(sent).toBeGreaterThan(KILLS * 100);
    expect(received + losses.reduce((sum, { lost }) => sum + lost, 0)).toBe(sent);
    const ours = losses.filter(({ fromMs, toMs }) => !machine.within(fromMs, toMs));
    const when = ours.map(({ fromMs, toMs, lost }) => {
      const near = diary.filter(({ atMs }) => atMs > fromMs - 500 && atMs < toMs + 100);
      return { lost, near: near.map(({ atMs, what }) => `${Math.round(atMs - toMs)} ms: ${what}`) };
    });
    expect({ stream: stream.name, seed: SEED, refused, when }).toEqual({
      stream: stream.name,
      seed: SEED,
      refused: 0,
      when: [],
    });
  }
  // The walk is worth its name only if it hit applies in the middle.
  expect(cut).toBeGreaterThan(KILLS / 5);
});
