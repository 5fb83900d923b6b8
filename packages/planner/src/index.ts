export * from "./admit.ts";
export * from "./apply-steps.ts";
export { Arrears } from "./balance/arrears.ts";
export * from "./balance/balance.ts";
export { Load } from "./balance/load.ts";
export * from "./balance/slice-capacities.ts";
export * from "./balance/smooth-rates.ts";
export * from "./balance/steer.ts";
export * from "./bucket-table.ts";
export * from "./bypass.ts";
export type * from "./bypass-state.ts";
export * from "./class-minors.ts";
export * from "./delivery/delivery-reason.ts";
export * from "./delivery/direction.ts";
export * from "./delivery/entitlements.ts";
export * from "./delivery/judge-nic.ts";
export * from "./delivery/measure.ts";
export * from "./describe-step.ts";
export * from "./desired-state.ts";
export * from "./domain-state.ts";
export * from "./effective-shares.ts";
export { equalData } from "./equal-data.ts";
export * from "./explain-flow.ts";
export * from "./explain-part.ts";
export * from "./fit-spec.ts";
export * from "./host-share.ts";
export * from "./hub-state.ts";
export * from "./inventory.ts";
export * from "./lacp/lacp-bundle.ts";
export {
  actorOf,
  LACP_PRIORITY,
  type LacpBundle,
  type LacpMux,
  type LacpPort,
  type LacpReception,
  lacpKey,
} from "./lacp/lacp-port.ts";
export { isResumable, type LacpMemory, lacpMemory } from "./lacp/lacp-resume.ts";
export * from "./lacp/lacp-standing.ts";
export * from "./lacp/lacpdu.ts";
export * from "./moving-vifs.ts";
export * from "./nic-state.ts";
export { paceTime } from "./pace.ts";
export * from "./parse-flow.ts";
export * from "./path-place.ts";
export * from "./plan.ts";
export * from "./probe/fabric-probe.ts";
export type { Judgement, PathVerdict } from "./probe/judge-paths.ts";
export { TxStall } from "./probe/tx-stall.ts";
export * from "./slice-mac.ts";
export { stableHash } from "./stable-hash.ts";
export * from "./step.ts";
export * from "./tap-send-buffers.ts";
export * from "./trunk-plan.ts";
export * from "./vf-offer.ts";
export { vifDevice } from "./vif-plan.ts";
export * from "./want/place-wants.ts";
export type { Placed } from "./want/placed.ts";
export * from "./what-if/nic-losses.ts";
export * from "./what-if/reserve-change.ts";
export * from "./what-if/what-if.ts";
