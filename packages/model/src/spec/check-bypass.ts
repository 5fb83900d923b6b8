import { field, isPresent, items, type Raw, textOf } from "./raw.ts";
import type { SpecProblem } from "./spec-problem.ts";
import type { Unique } from "./unique.ts";

/**
 * Checks what a slice's `path` asks of the words beside it and of its vif. Returns whether the vif's attachment is a
 * bypass's, and so is judged here. What the path cannot promise is the planner's to find.
 */
export function checkBypass(vif: Raw, aggregate: Raw, vfs: Unique, problems: SpecProblem[]): boolean {
  const slices = items(field(aggregate, "slices"));
  for (const slice of slices) checkWords(slice, vfs, problems);
  const slice = slices.find((one) => ["sriov", "macvtap"].includes(textOf(field(one, "path")) ?? ""));
  if (slice === undefined) return false;
  const isVf = textOf(field(slice, "path")) === "sriov";
  const device = field(vif, "device");
  const wrong = [field(vif, "create"), ...(isVf ? [device] : [])].find(isPresent);
  if (wrong !== undefined) {
    problems.push({
      code: "SPEC_INVALID",
      path: wrong.path,
      message: isVf
        ? "a vif with path: sriov is a virtual function, which has no link in the hub"
        : "a macvtap is made in the hub, for a hypervisor to open",
      allowed: isVf ? "neither device nor create" : "device: the name of the macvtap that GONA makes",
      point: "key",
    });
  } else if (!isVf && !isPresent(device)) {
    problems.push({
      code: "SPEC_INVALID",
      path: vif.path,
      message: "the vif has no device",
      allowed: "device: the name of the macvtap that GONA makes",
    });
  }
  return true;
}

function checkWords(slice: Raw, vfs: Unique, problems: SpecProblem[]): void {
  const path = textOf(field(slice, "path"));
  for (const [key, of] of [
    ["vf", "sriov"],
    ["mode", "macvtap"],
  ] as const) {
    const word = field(slice, key);
    if (!isPresent(word) || path === of) continue;
    const allowed = `${key} only beside path: ${of}`;
    problems.push({
      code: "SPEC_INVALID",
      path: word.path,
      message: `${key} without path: ${of}`,
      allowed,
      point: "key",
    });
  }
  if (path !== "sriov") return;
  const vf = field(slice, "vf");
  const nic = textOf(field(slice, "nic"));
  if (!isPresent(vf)) {
    problems.push({
      code: "SPEC_INVALID",
      path: slice.path,
      message: "path: sriov names no virtual function",
      allowed: "vf: its number, as in `ip link show dev NIC`",
    });
  } else if (nic !== undefined && typeof vf.value === "number") {
    vfs.claim(`${nic} ${vf.value}`, vf, `VF ${vf.value} of ${nic}`);
  }
}
