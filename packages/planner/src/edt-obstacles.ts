import { formatRate, HOST_DOMAIN, type HostSpec, type NicSpec, shares } from "@gona/model";
import { eachVif } from "./each-vif.ts";
import type { Finding } from "./finding.ts";

const DEFAULT_SHARES = shares(100);

/**
 * What a spec asks of NICs with `shaper: edt` beyond limits: departure times assure nothing, lend nothing and give
 * nothing by weight, so it is refused rather than half kept.
 */
export function edtFindings(spec: HostSpec): readonly Finding[] {
  const findings: Finding[] = [];
  const timed = new Set(spec.nics.flatMap(({ name, shaper }) => (shaper === "edt" ? [name] : [])));
  if (timed.size === 0) return findings;
  const not = (path: string, message: string, found: string, allowed: string): void => {
    findings.push({ code: "SPEC_DOES_NOT_FIT", path, message, found, allowed, hint: "shaper: htb" });
  };
  for (const [index, nic] of spec.nics.entries()) if (timed.has(nic.name)) nicObstacles(nic, `nics[${index}]`, not);
  eachVif(spec, (vif, place) => {
    const { slices, want, limit, latency, classes } = vif.aggregate;
    const on = slices.find(({ nic }) => timed.has(nic))?.nic;
    if (on === undefined) return;
    const path = `${place()}.aggregate`;
    const beside = `shaper: edt of ${on} keeps limits alone, no`;
    for (const [k, slice] of slices.entries()) {
      if (!timed.has(slice.nic)) continue;
      const { reserve, shares: weight } = slice.egress;
      const share = want === undefined ? `${path}.slices[${k}].egress` : `${path}.want`;
      if (reserve > 0) not(`${share}.reserve`, `${beside} reservation`, formatRate(reserve), "0bit");
      if (weight !== DEFAULT_SHARES) not(`${share}.shares`, `${beside} shares`, String(weight), "no shares");
    }
    if (limit?.egress !== undefined)
      not(`${path}.limit.egress`, `${beside} limit over all NICs`, formatRate(limit.egress), "no such limit");
    if (latency !== undefined) not(`${path}.latency`, `${beside} latency goal`, `${latency}ms`, "no latency");
    if (classes.length > 0) not(`${path}.classes`, `${beside} classes`, `${classes.length}`, "no classes");
  });
  return findings;
}

type Not = (path: string, message: string, found: string, allowed: string) => void;

function nicObstacles({ overhead, offload, host, domain }: NicSpec, path: string, not: Not): void {
  if (overhead !== 0) not(`${path}.overhead`, "departure times count no overhead", String(overhead), "0");
  if (offload !== undefined) not(`${path}.offload`, "a NIC carries HTB out, no departure times", offload, "off");
  if (host !== undefined) not(`${path}.host`, "departure times assure the host nothing", "a share", "no host");
  if (domain !== HOST_DOMAIN)
    not(`${path}.domain`, "departure times are kept in the hub alone", domain, "domain: host, or no domain");
}
