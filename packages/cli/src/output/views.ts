import type {
  DeliveryRow,
  DeliveryView,
  DoctorRow,
  DomainView,
  GuestView,
  HostEvent,
  NicView,
  RevisionView,
  SliceView,
} from "@gona/api";
import { exactRate, roundCount, roundRate, shortTime } from "./quantities.ts";
import { styleOfState } from "./style.ts";
import type { Column } from "./table.ts";

/** Bits per second that passed since the last look, where there was one. */
export interface Measured {
  readonly txBitsPerSecond?: number;
  readonly rxBitsPerSecond?: number;
}

const measured = (rate: number | undefined): string => (rate === undefined ? "" : roundRate(rate));

/** State of the port, and its partner. */
const lacp = ({ lacp: port }: NicView): string =>
  port === undefined ? "" : `${port.state}${port.partner === undefined ? "" : ` ${port.partner.system}`}`;

export const NIC_COLUMNS: readonly Column<NicView & Measured>[] = [
  { title: "NIC", text: (nic) => nic.name },
  { title: "STATE", text: (nic) => nic.state, style: (nic) => styleOfState(nic.state) },
  { title: "DOMAIN", text: (nic) => nic.domain, dispensable: 2 },
  { title: "FABRIC", text: (nic) => nic.fabric, dispensable: 1 },
  { title: "CAPACITY", text: (nic) => exactRate(nic.capacityBitsPerSecond), align: "right" },
  { title: "RESERVED", text: (nic) => exactRate(nic.reservedBitsPerSecond), align: "right" },
  { title: "SENT", text: (nic) => roundCount(nic.txBytes, "B"), align: "right", dispensable: 4 },
  { title: "RECEIVED", text: (nic) => roundCount(nic.rxBytes, "B"), align: "right", dispensable: 4 },
  { title: "DROPS", text: (nic) => roundCount(nic.drops), align: "right", dispensable: 3 },
  { title: "NOW OUT", text: (nic) => measured(nic.txBitsPerSecond), align: "right", dispensable: 6 },
  { title: "LACP", text: lacp, dispensable: 2, rare: true },
  { title: "WHY", text: (nic) => nic.reason ?? "", least: 8, dispensable: 5 },
];

const error = (delivery: DeliveryView): string =>
  delivery.errorPercent === null ? "" : `${delivery.errorPercent.toFixed(1)}%`;

/** `hub`, `macvtap`, `VF 3`. */
function pathWords({ path, vf }: SliceView): string {
  if (path === undefined) return "hub";
  return path === "sriov" ? `VF ${vf}` : path;
}

/** `eth1`, or `eth1 (VF 3)` where it is passed by another path than the hub's. */
const nicWords = (slice: SliceView): string =>
  slice.path === undefined ? slice.nic : `${slice.nic} (${pathWords(slice)})`;

export const SLICE_COLUMNS: readonly Column<SliceView & Measured>[] = [
  { title: "VIF", text: (slice) => slice.vif, least: 8 },
  { title: "NIC", text: (slice) => slice.nic },
  { title: "DIRECTION", text: (slice) => slice.direction, dispensable: 6 },
  { title: "PATH", text: pathWords, dispensable: 8 },
  { title: "STATE", text: (slice) => slice.state, style: (slice) => styleOfState(slice.state) },
  { title: "RESERVE", text: (slice) => exactRate(slice.reserveBitsPerSecond), align: "right" },
  { title: "LIMIT", text: (slice) => exactRate(slice.limitBitsPerSecond), align: "right" },
  { title: "SHARES", text: (slice) => String(slice.shares), align: "right", dispensable: 5 },
  { title: "BUCKETS", text: (slice) => `${(slice.bucketShare * 100).toFixed(1)}%`, align: "right", dispensable: 7 },
  {
    title: "OFFERED",
    text: ({ delivery }) => (delivery ? roundRate(delivery.offeredBitsPerSecond) : ""),
    align: "right",
    dispensable: 4,
  },
  {
    title: "DELIVERED",
    text: ({ delivery }) => (delivery ? roundRate(delivery.deliveredBitsPerSecond) : ""),
    align: "right",
    dispensable: 1,
  },
  {
    title: "PROMISED",
    text: ({ delivery }) => (delivery ? roundRate(delivery.promisedBitsPerSecond) : ""),
    align: "right",
    dispensable: 2,
  },
  {
    title: "ERROR",
    text: ({ delivery }) => (delivery ? error(delivery) : ""),
    align: "right",
    dispensable: 2,
    style: ({ delivery }) => (delivery?.short ? "red" : undefined),
  },
  { title: "WHY", text: ({ delivery }) => delivery?.reason.text ?? "", least: 10, dispensable: 3 },
  { title: "SENT", text: (slice) => roundCount(slice.txBytes, "B"), align: "right", dispensable: 8 },
  { title: "RECEIVED", text: (slice) => roundCount(slice.rxBytes, "B"), align: "right", dispensable: 9 },
  { title: "DROPS", text: (slice) => roundCount(slice.drops), align: "right", dispensable: 8 },
  { title: "FAILOVERS", text: (slice) => roundCount(slice.failovers), align: "right", dispensable: 10 },
];

/** Promise against delivery over time. */
export const DELIVERY_COLUMNS: readonly Column<DeliveryRow>[] = [
  { title: "TIME (UTC)", text: (row) => shortTime(row.at) },
  { title: "VIF", text: (row) => row.vif, least: 8 },
  { title: "NIC", text: (row) => row.nic },
  { title: "DIRECTION", text: (row) => row.direction, dispensable: 2 },
  { title: "SEEN", text: (row) => `${Number(row.seconds.toFixed(1))} s`, align: "right", dispensable: 4 },
  { title: "OFFERED", text: (row) => roundRate(row.offeredBitsPerSecond), align: "right", dispensable: 1 },
  { title: "DELIVERED", text: (row) => roundRate(row.deliveredBitsPerSecond), align: "right" },
  { title: "PROMISED", text: (row) => roundRate(row.promisedBitsPerSecond), align: "right" },
  { title: "ERROR", text: error, align: "right", style: (row) => (row.short ? "red" : undefined) },
  {
    title: "SHORT",
    text: (row) => (row.shortSeconds === 0 ? "" : `${Number(row.shortSeconds.toFixed(1))} s`),
    align: "right",
    dispensable: 3,
  },
  { title: "WHY", text: (row) => row.reason.text, least: 10 },
];

/** One promise that is not kept, in one line. */
export const shortPromise = (row: DeliveryRow): string =>
  `${row.vif} on ${row.nic}, ${row.direction}: ${roundRate(row.deliveredBitsPerSecond)} of ` +
  `${roundRate(row.promisedBitsPerSecond)} promised (${error(row)}): ${row.reason.text}`;

const sum = (slices: readonly SliceView[], of: (slice: SliceView) => number): number =>
  slices.reduce((total, slice) => total + of(slice), 0);
const egress = (guest: GuestView): readonly SliceView[] => guest.slices.filter((slice) => slice.direction === "egress");

export const GUEST_COLUMNS: readonly Column<GuestView>[] = [
  { title: "GUEST", text: (guest) => guest.name, least: 8 },
  { title: "STATE", text: (guest) => guest.state, style: (guest) => styleOfState(guest.state) },
  {
    title: "NICS",
    text: (guest) => [...new Set(guest.slices.map(nicWords))].join(","),
    least: 6,
  },
  { title: "RESERVED", text: (guest) => exactRate(sum(egress(guest), (s) => s.reserveBitsPerSecond)), align: "right" },
  { title: "LIMIT", text: (guest) => exactRate(sum(egress(guest), (s) => s.limitBitsPerSecond)), align: "right" },
  {
    title: "SENT",
    text: (guest) =>
      roundCount(
        sum(egress(guest), (s) => s.txBytes),
        "B",
      ),
    align: "right",
    dispensable: 3,
  },
  {
    title: "RECEIVED",
    text: (guest) =>
      roundCount(
        sum(egress(guest), (s) => s.rxBytes),
        "B",
      ),
    align: "right",
    dispensable: 3,
  },
  { title: "DROPS", text: (guest) => roundCount(sum(egress(guest), (s) => s.drops)), align: "right", dispensable: 2 },
  { title: "DEVICE", text: (guest) => guest.vifs.map((vif) => vif.device).join(","), least: 6, dispensable: 4 },
  { title: "WHY", text: (guest) => guest.reason ?? "", least: 8, dispensable: 1 },
];

export const DOMAIN_COLUMNS: readonly Column<DomainView>[] = [
  { title: "DOMAIN", text: (domain) => domain.name },
  { title: "ISOLATION", text: (domain) => domain.isolation },
  { title: "STATE", text: (domain) => domain.state, style: (domain) => styleOfState(domain.state) },
  { title: "SPARE", text: (domain) => domain.spare ?? "-" },
  { title: "RESTARTS", text: (domain) => String(domain.restarts), align: "right" },
  { title: "PID", text: (domain) => (domain.pid === null ? "-" : String(domain.pid)), align: "right", dispensable: 2 },
  { title: "SINCE", text: (domain) => domain.since.slice(0, 19).replace("T", " "), dispensable: 3 },
  { title: "NICS", text: (domain) => (domain.nics.length === 0 ? "-" : domain.nics.join(", ")) },
  { title: "CAUSE", text: (domain) => domain.cause ?? "-", least: 8, dispensable: 4 },
];

export const EVENT_COLUMNS: readonly Column<HostEvent>[] = [
  { title: "TIME (UTC)", text: (event) => shortTime(event.at) },
  { title: "EVENT", text: (event) => event.kind },
  { title: "SUBJECT", text: (event) => event.subject ?? "", least: 6 },
  {
    title: "WHAT HAPPENED",
    text: (event) => (event.cause === undefined ? event.message : `${event.message} (${event.cause})`),
    least: 20,
  },
];

export const REVISION_COLUMNS: readonly Column<RevisionView>[] = [
  { title: "REVISION", text: (revision) => `${revision.revision}${revision.current ? " *" : ""}` },
  { title: "TIME (UTC)", text: (revision) => shortTime(revision.at) },
  { title: "STATE", text: (revision) => revision.state, style: (revision) => styleOfState(revision.state) },
  { title: "NICS", text: (revision) => String(revision.nics), align: "right", dispensable: 2 },
  { title: "GUESTS", text: (revision) => String(revision.guests), align: "right", dispensable: 2 },
  { title: "SHA256", text: (revision) => revision.sha256.slice(0, 12), dispensable: 3 },
  { title: "FILE", text: (revision) => revision.file, least: 8 },
  { title: "WHY", text: (revision) => revision.error ?? "", least: 8, dispensable: 1 },
];

export const DOCTOR_COLUMNS: readonly Column<DoctorRow>[] = [
  { title: "CHECK", text: (row) => row.check },
  { title: "STATE", text: (row) => row.state, style: (row) => styleOfState(row.state) },
  { title: "FOUND", text: (row) => row.found, least: 12 },
  { title: "WHAT TO DO", text: (row) => row.remedy ?? "", least: 16 },
];
