import { runInside } from "../../bed/run-command.ts";

/** Segments that TCP has sent again in a namespace since it was made. Throws GonaError, and RangeError where the kernel does not say. */
export async function retransmits(netns: string): Promise<number> {
  // Two lines for each protocol: names, and numbers in their order.
  const lines = (await runInside(netns, "cat", ["/proc/net/snmp"]))
    .split("\n")
    .filter((line) => line.startsWith("Tcp:"));
  const [names = [], numbers = []] = lines.map((line) => line.split(" "));
  const found = Number(numbers[names.indexOf("RetransSegs")]);
  if (Number.isFinite(found)) return found;
  throw new RangeError("the kernel does not say how many segments TCP has sent again");
}
