import { test } from "vitest";
import { walkOfKills } from "./walk-of-kills.ts";

/** GONA_KILLS: more of them, for a longer walk. */
const KILLS = Number(process.env.GONA_KILLS ?? 50);
/** GONA_SEED: another walk, or one that failed once more. */
const SEED = Number(process.env.GONA_SEED ?? 20_261);

test(
  `${KILLS} kills of agents, daemons and namespaces' names under traffic and applies leave nothing behind, seed ${SEED}`,
  {
    timeout: 900_000,
  },
  () =>
    walkOfKills({
      prefix: "gona-dk",
      domains: [
        { name: "dd-a", words: "isolation: netns" },
        { name: "dd-b", words: "isolation: netns" },
      ],
      kills: KILLS,
      seed: SEED,
      perSecond: 500,
      convergeMs: 120_000,
    }),
);
