import type { AggregateSpec, SliceShare, SliceSpec, VifSpec } from "@gona/model";
import { equalData } from "./equal-data.ts";

/**
 * equalData() for a vif of the spec, ten times as fast: each apply compares every vif of a spec that
 * was read anew with the last one's. The members by name are those that every guest has many of;
 * the rest goes through equalData(). Its test changes every member, so that a new one is not missed.
 */
export function equalVifSpec(a: VifSpec, b: VifSpec): boolean {
  return (
    a === b ||
    (a.id === b.id &&
      a.mac === b.mac &&
      a.vlan === b.vlan &&
      equalNumbersOrTexts(a.addresses, b.addresses) &&
      equalNumbersOrTexts(a.trunk, b.trunk) &&
      a.antiSpoof.mac === b.antiSpoof.mac &&
      a.antiSpoof.ip === b.antiSpoof.ip &&
      equalAggregates(a.aggregate, b.aggregate) &&
      equalData(a.attachment, b.attachment))
  );
}

function equalAggregates(a: AggregateSpec, b: AggregateSpec): boolean {
  if (a.slices.length !== b.slices.length || a.balance !== b.balance || a.onNicLoss !== b.onNicLoss) return false;
  if (a.latency !== b.latency) return false;
  for (let i = 0; i < a.slices.length; i++) {
    if (!equalSlices(a.slices[i] as SliceSpec, b.slices[i] as SliceSpec)) return false;
  }
  return equalData(a.want, b.want) && equalData(a.limit, b.limit) && equalData(a.classes, b.classes);
}

const equalSlices = (a: SliceSpec, b: SliceSpec): boolean =>
  a.nic === b.nic &&
  equalShares(a.egress, b.egress) &&
  equalShares(a.ingress, b.ingress) &&
  (a.path === b.path || equalData(a.path, b.path));

function equalShares(a: SliceShare | undefined, b: SliceShare | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined) return false;
  return a.reserve === b.reserve && a.limit === b.limit && a.shares === b.shares;
}

function equalNumbersOrTexts(a: readonly (number | string)[], b: readonly (number | string)[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
