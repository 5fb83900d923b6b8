import {
  bitsPerSecond,
  formatRate,
  type HostSpec,
  type NicId,
  type NicSpec,
  subtractRates,
  type VifSpec,
} from "@gona/model";
import { DIRECTIONS, type Direction } from "./direction.ts";
import { eachVif } from "./each-vif.ts";
import { carriedOver } from "./effective-shares.ts";
import type { Finding } from "./finding.ts";
import { roomFor } from "./host-share.ts";
import { type MovedSums, movedSums } from "./moved-sums.ts";
import type { Reserved } from "./reservations.ts";

/** What a vif's slice takes over when a NIC is lost. */
interface Load {
  readonly vif: VifSpec;
  readonly path: string;
  /** bit/s. */
  readonly extra: number;
}

/** By `direction lost survivor`. */
type Loads = Map<string, { sum: number; readonly direction: Direction; lost: NicId; on: NicId; loads: Load[] }>;

/**
 * What `keep-reserve` asks beyond what all NICs up do: whichever NIC is lost, the reservations that
 * move fit on the others, within the limits of the slices that take them over.
 */
export function lossFindings(spec: HostSpec, sums: ReadonlyMap<NicId, Readonly<Reserved>>): readonly Finding[] {
  const moved = movedSums(spec);
  if (!moved.overLimit && !spec.nics.some((nic) => isOverbooked(nic, spec, sums, moved))) return [];
  const findings: Finding[] = [];
  const loads = movedLoads(spec, findings);
  return [...findings, ...nicFindings(spec, sums, loads)];
}

const isOverbooked = (
  nic: NicSpec,
  spec: HostSpec,
  sums: ReadonlyMap<NicId, Readonly<Reserved>>,
  moved: MovedSums,
): boolean =>
  DIRECTIONS.some((direction) => {
    const room = roomFor(nic, direction) - (sums.get(nic.name)?.[direction] ?? 0);
    return spec.nics.some((lost) => moved.of(direction, lost.name, nic.name) > room);
  });

/** The most that any one loss adds to each NIC on the way out, bit/s. */
export function mostMovedTo(spec: HostSpec): ReadonlyMap<NicId, number> {
  const { of } = movedSums(spec);
  const most = (on: NicId) => Math.max(0, ...spec.nics.map((lost) => of("egress", lost.name, on)));
  return new Map(spec.nics.map(({ name }) => [name, most(name)]));
}

/** Whose reservations they are; the vifs that cannot move theirs go to `findings`. */
function movedLoads(spec: HostSpec, findings: Finding[]): Loads {
  const loads: Loads = new Map();
  eachVif(spec, (vif, place) => {
    if (vif.aggregate.onNicLoss !== "keep-reserve") return;
    for (const direction of DIRECTIONS) findings.push(...vifFindings(vif, place(), direction, loads));
  });
  return loads;
}

function vifFindings(vif: VifSpec, path: string, direction: Direction, loads: Loads): readonly Finding[] {
  const findings: Finding[] = [];
  const { slices } = vif.aggregate;
  for (const [k, slice] of slices.entries()) {
    const reserve = slice[direction]?.reserve ?? 0;
    if (reserve === 0) continue;
    if (!slices.some((other) => other !== slice && other[direction] !== undefined)) {
      findings.push({
        code: "SPEC_DOES_NOT_FIT",
        path: `${path}.aggregate.onNicLoss`,
        message: `without ${slice.nic} no slice of ${vif.id} is left that could take over its ${direction} reservation`,
        found: "keep-reserve",
        allowed: `degrade or stop, or a second slice with ${direction}`,
      });
      continue;
    }
    const extras = carriedOver(vif.aggregate, direction, (nic) => nic === slice.nic);
    for (const [index, extra] of extras.entries()) {
      const other = slices[index];
      const share = other?.[direction];
      if (extra === 0 || other === undefined || share === undefined) continue;
      const key = `${direction} ${slice.nic} ${other.nic}`;
      const load = loads.get(key) ?? { sum: 0, direction, lost: slice.nic, on: other.nic, loads: [] };
      load.sum += extra;
      load.loads.push({ vif, path: `${path}.aggregate.slices[${k}].${direction}.reserve`, extra });
      loads.set(key, load);
      const needed = bitsPerSecond(share.reserve + extra);
      if (needed <= share.limit) continue;
      findings.push({
        code: "SPEC_DOES_NOT_FIT",
        path: `${path}.aggregate.slices[${index}].${direction}.limit`,
        message: `without ${slice.nic} this slice of ${vif.id} is to keep ${formatRate(needed)} reserved`,
        found: formatRate(share.limit),
        allowed: `${formatRate(needed)} or more, or less reserved on ${slice.nic}`,
      });
    }
  }
  return findings;
}

/** One finding per NIC and direction, for the loss that asks most of it. */
function nicFindings(spec: HostSpec, sums: ReadonlyMap<NicId, Readonly<Reserved>>, loads: Loads): readonly Finding[] {
  const findings: Finding[] = [];
  for (const nic of spec.nics) {
    for (const direction of DIRECTIONS) {
      const own = sums.get(nic.name)?.[direction] ?? 0;
      const room = roomFor(nic, direction);
      const worst = [...loads.values()]
        .filter((load) => load.on === nic.name && load.direction === direction)
        .reduce<(Loads extends Map<string, infer L> ? L : never) | undefined>(
          (most, load) => (most === undefined || load.sum > most.sum ? load : most),
          undefined,
        );
      // Without any loss it is already too much: that is said elsewhere.
      if (worst === undefined || own > room || own + worst.sum <= room) continue;
      findings.push(tooMuch(nic, own, worst));
    }
  }
  return findings;
}

function tooMuch(
  nic: NicSpec,
  own: number,
  { sum, direction, lost, loads }: { sum: number; direction: Direction; lost: NicId; loads: readonly Load[] },
): Finding {
  const [first] = loads.toSorted((a, b) => b.extra - a.extra);
  const room = roomFor(nic, direction);
  const needed = bitsPerSecond(own + sum);
  return {
    code: "SPEC_DOES_NOT_FIT",
    path: first?.path ?? "",
    message:
      `without ${lost} the ${direction} reservations on ${nic.name} add up to ${formatRate(needed)}; ` +
      `${formatRate(room)} can be reserved`,
    found: `${formatRate(bitsPerSecond(sum))} moved from ${lost} (${loads
      .map(({ vif }) => vif.id)
      .slice(0, 3)
      .join(", ")})`,
    allowed: `at most ${formatRate(subtractRates(room, bitsPerSecond(own)))} more on ${nic.name}`,
    hint: "lower these reservations, or let them go with the NIC (onNicLoss: degrade)",
  };
}
