import { expect, onTestFinished, test } from "vitest";
import { REPOSITORY } from "../src/bed/lab-paths.ts";
import { runCommand } from "../src/bed/run-command.ts";
import { GuestMachine } from "../src/vm/guest-machine.ts";
import { hostRoot } from "../src/vm/host-root.ts";

/** Emulated, and so about ten times slower than the host. */
const SLOW_MS = 240_000;
const LIMIT_BITS = 1_000_000;
const FRAME_BYTES = 1442;

/** This machine's files under Debian's 6.1, which has fq. */
async function onDebianKernel(): Promise<(script: string) => Promise<string>> {
  const netns = `gona-fvm${process.pid}`;
  await runCommand("ip", ["netns", "add", netns]);
  onTestFinished(async () => void (await runCommand("ip", ["netns", "delete", netns])));
  const guest = await GuestMachine.start({ netns, nics: [], share: "/", memoryMebibytes: 1536, processors: 2 });
  onTestFinished(() => guest[Symbol.asyncDispose]());
  const here = await hostRoot(guest);
  return (script) => guest.run(here(`cd ${REPOSITORY}; ${script}`), SLOW_MS);
}

const spec = (shaper: string): string => `cat > /run/spec.yaml <<'YAML'
apiVersion: gona/v1
nics: [{ name: nic1, capacity: 1Gbit, shaper: ${shaper} }]
guests:
  - name: web
    vif: { device: vif0, mac: "52:54:00:61:00:01", addresses: [10.61.0.2] }
    aggregate: { slices: [{ nic: nic1, egress: { limit: ${LIMIT_BITS}bit } }] }
YAML
`;

/** hub: the virtual machine's first namespace. */
const TABLE = `set -e
ip netns add web; ip netns add peer
ip link add vif0 type veth peer name eth0 netns web; ip link set vif0 up
ip -n web link set eth0 address 52:54:00:61:00:01 up; ip -n web address add 10.61.0.2/24 dev eth0
ip link add nic1 type veth peer name eth0 netns peer; ip link set nic1 up
ip -n peer address add 10.61.0.1/24 dev eth0; ip -n peer link set eth0 up
${spec("edt")}
./gona daemon --spec /run/spec.yaml --run-dir /run/gona --state-dir /run/gona-state >/run/daemon.log 2>&1 </dev/null &
for i in $(seq 200); do grep -q '"state":"converged"' /run/daemon.log && exit 0; kill -0 $! || break; sleep 1; done
cat /run/daemon.log; exit 1`;

/** Four times the limit for some seconds; what the peer got of it, and how long that took at the most, in hundredths of a second. */
const FLOOD = `set -e
flood='const socket = require("node:dgram").createSocket("udp4"); let left = 1400;
const timer = setInterval(() => { for (let i = 0; i < 7; i++) socket.send(Buffer.alloc(1400), 7000, "10.61.0.1");
if ((left -= 7) <= 0) { clearInterval(timer); socket.close(); } }, 20);'
got() { ip -n peer -s -o link show eth0 | sed 's/.*RX:[^0-9]*\\([0-9]*\\).*/\\1/'; }
now() { sed 's/ .*//; s/[.]//' /proc/uptime; }
nsenter --net=/run/netns/web busybox ping -q -c 3 -W 5 10.61.0.1 >/dev/null
from=$(now); before=$(got)
nsenter --net=/run/netns/web ${process.execPath} -e "$flood"
last=-1; while [ "$(got)" != "$last" ]; do last=$(got); sleep 1; done
echo "$((last - before)) $(($(now) - from))"`;

const ROOT = "tc -s qdisc show dev nic1 root";
const throttled = (text: string): number => Number(/highprio \d+ throttled (\d+)/.exec(text)?.[1] ?? 0);

test("departure times keep a limit, fq holds what is early, and HTB takes its place and gives it back", async () => {
  const run = await onDebianKernel();
  await run(TABLE);
  const made = await run(ROOT);
  expect(made).toMatch(/qdisc fq a09b: root /);
  expect(await run("tc class show dev nic1")).toBe("");

  const [bytes = 0, hundredths = 0] = (await run(FLOOD)).trim().split(" ").map(Number);
  expect(bytes, "it was filled").toBeGreaterThan(150_000);
  expect(((bytes - 2 * FRAME_BYTES) * 8) / LIMIT_BITS, "seconds that the limit asks for").toBeLessThan(
    hundredths / 100,
  );
  expect(throttled(await run(ROOT)), "frames that fq held back").toBeGreaterThan(10);

  expect(await run(`${spec("htb")}./gona apply /run/spec.yaml && ${ROOT}`)).toMatch(/qdisc htb a09a: root /);
  expect(await run(`${spec("edt")}./gona apply /run/spec.yaml && ${ROOT}`)).toMatch(/qdisc fq a09b: root /);
  expect(await run("nsenter --net=/run/netns/web busybox ping -q -c 3 -W 5 10.61.0.1")).toMatch(/ 3 packets received/);
});
