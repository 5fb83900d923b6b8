import { type GuestSpec, megabitsPerSecond, milliseconds } from "@gona/model";

/** The guest with a class in every tree there is: ingress as egress, caps each way, two traffic classes, a latency goal. */
export const richGuest = (guest: GuestSpec): GuestSpec => ({
  ...guest,
  vifs: guest.vifs.map((vif) => ({
    ...vif,
    aggregate: {
      ...vif.aggregate,
      slices: vif.aggregate.slices.map((slice) => ({ ...slice, ingress: slice.egress })),
      limit: { egress: megabitsPerSecond(300), ingress: megabitsPerSecond(300), local: megabitsPerSecond(300) },
      latency: milliseconds(5),
      classes: [
        { name: "voice", match: { dscp: [46] }, priority: 0 },
        { name: "bulk", match: { dscp: [8] }, priority: 7 },
      ],
    },
  })),
});
