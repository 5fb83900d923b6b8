import { test } from "vitest";
import { walkOfKills } from "./walk-of-kills.ts";

/** GONA_KILLS: more of them, for a longer walk. */
const KILLS = Number(process.env.GONA_KILLS ?? 30);
/** GONA_SEED: another walk, or one that failed once more. */
const SEED = Number(process.env.GONA_SEED ?? 20_261);

test(
  `${KILLS} kills of virtual machines, agents and daemons under traffic and applies leave nothing behind, seed ${SEED}`,
  {
    timeout: 900_000,
  },
  () =>
    walkOfKills({
      prefix: "gona-vk",
      domains: [
        { name: "dd-a", words: "isolation: netns" },
        { name: "dd-vm", words: "isolation: vm, device: e1000, memory: 128MiB, spare: true", hasSpare: true },
      ],
      kills: KILLS,
      seed: SEED,
      // Machines are emulated where there is no KVM: they carry little, and boot for seconds.
      perSecond: 50,
      convergeMs: 240_000,
    }),
);
