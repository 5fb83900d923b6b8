import { runCommand } from "../../bed/run-command.ts";
import { otherNic } from "./big-bed.ts";
import type { HostSize } from "./big-spec.ts";

/** The same classes by one `tc -batch` process, and nothing of maps and filters; returns milliseconds. */
export async function tcFromZero(hub: string, { guests, nics }: HostSize): Promise<number> {
  const lines: string[] = [];
  for (let nic = 0; nic < nics; nic++) {
    const dev = `dev ${otherNic(nic)}`;
    lines.push(
      `qdisc add ${dev} root handle 1: htb default 2`,
      `class add ${dev} parent 1: classid 1:1 htb rate 10gbit ceil 10gbit burst 6m cburst 6m`,
      `class add ${dev} parent 1:1 classid 1:2 htb rate 100mbit ceil 10gbit burst 64k cburst 6m`,
    );
    for (let guest = 0; guest < guests; guest++) {
      const minor = ((guest + 1) * 8).toString(16);
      lines.push(
        `class add ${dev} parent 1:1 classid 1:${minor} htb rate 2mbit ceil 100mbit burst 1514 cburst 62500 quantum 65536`,
        `qdisc add ${dev} parent 1:${minor} tbf rate 50gbit burst 3100 limit 312500`,
      );
    }
  }
  const milliseconds = await batch(hub, lines);
  await batch(
    hub,
    Array.from({ length: nics }, (_, nic) => `qdisc delete dev ${otherNic(nic)} root`),
  );
  return milliseconds;
}

async function batch(hub: string, lines: readonly string[]): Promise<number> {
  const start = performance.now();
  await runCommand("tc", ["-n", hub, "-batch", "-"], `${lines.join("\n")}\n`);
  return performance.now() - start;
}
