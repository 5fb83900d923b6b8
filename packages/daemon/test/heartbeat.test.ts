import { expect, test } from "vitest";
import { BEAT_MS, Heartbeat, LONGEST_WAIT_MS } from "../src/domain/heartbeat.ts";
import { FakeClock } from "./fake-clock.ts";

/** An agent that answers, or does not, and what /proc says of it. */
function makeBed(state = "S") {
  const clock = new FakeClock();
  const lost: string[] = [];
  const agent = { answers: true, state, cpuTicks: 0, pings: 0 };
  const heartbeat = new Heartbeat({
    pid: 1,
    clock,
    ping: () => {
      agent.pings++;
      return agent.answers ? Promise.resolve() : new Promise(() => undefined);
    },
    onLost: (cause) => lost.push(cause),
    facts: () => ({ state: agent.state, threads: 1, cpuTicks: agent.cpuTicks, startTicks: 1 }),
  });
  return { clock, lost, agent, heartbeat };
}

test("an agent that answers is asked on and on", async () => {
  const { clock, lost, agent } = makeBed();
  await clock.advance(20 * BEAT_MS);
  expect([lost, agent.pings]).toEqual([[], 21]);
});

test("one that is stopped is lost after three beats, and asked no more", async () => {
  const { clock, lost, agent } = makeBed("T");
  await clock.advance(BEAT_MS);
  agent.answers = false;
  await clock.advance(3 * BEAT_MS);
  expect(lost).toEqual([]);
  await clock.advance(BEAT_MS);
  expect(lost).toEqual(["no answer for 750 ms"]);
  await clock.advance(20 * BEAT_MS);
  expect(lost).toHaveLength(1);
});

test("one that a busy machine keeps from its turn is waited for, but not for ever", async () => {
  const { clock, lost, agent } = makeBed("R");
  agent.answers = false;
  await clock.advance(LONGEST_WAIT_MS - BEAT_MS);
  expect(lost).toEqual([]);
  await clock.advance(3 * BEAT_MS);
  expect(lost).toHaveLength(1);
});

test("time that the daemon itself was busy counts for nothing", async () => {
  const { clock, lost } = makeBed("S");
  clock.spend(60_000);
  await clock.advance(BEAT_MS);
  expect(lost).toEqual([]);
});
