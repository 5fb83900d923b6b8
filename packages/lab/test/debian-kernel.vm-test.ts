import { afterAll, beforeAll, expect, test } from "vitest";
import { REPOSITORY } from "../src/bed/lab-paths.ts";
import { runCommand } from "../src/bed/run-command.ts";
import { GuestMachine } from "../src/vm/guest-machine.ts";
import { hostRoot } from "../src/vm/host-root.ts";

// This machine's files under Debian's 6.1, the oldest kernel that GONA supports, which has fq and fq_codel. One machine
// for all: the tests come one after the other, and each applies what it needs to the table that the first one lays.

/** Emulated, and so about ten times slower than the host. */
const SLOW_MS = 240_000;
const NETNS = `gona-old${process.pid}`;
let guest: GuestMachine | undefined;
let run: (script: string) => Promise<string>;

beforeAll(async () => {
  await runCommand("ip", ["netns", "add", NETNS]);
  const machine = await GuestMachine.start({
    netns: NETNS,
    nics: [],
    share: "/",
    memoryMebibytes: 1536,
    processors: 2,
  });
  guest = machine;
  const here = await hostRoot(machine);
  run = (script) => machine.run(here(`cd ${REPOSITORY}; ${script}`), SLOW_MS);
});

afterAll(async () => {
  await guest?.[Symbol.asyncDispose]();
  await runCommand("ip", ["netns", "delete", NETNS]);
});

/** hub (the machine's first namespace): nic1 and nic2 to a bridge with the peer on it, vif0 to the namespace web. */
const TABLE = `set -e
ip netns add web; ip netns add switch; ip netns add peer
ip link add vif0 type veth peer name eth0 netns web; ip link set vif0 up
ip -n web link set eth0 address 52:54:00:61:00:01 up; ip -n web address add 10.61.0.2/24 dev eth0
ip -n switch link add br0 type bridge; ip -n switch link set br0 up
for nic in nic1 nic2; do
  ip link add $nic type veth peer name $nic netns switch; ip link set $nic up
  ip -n switch link set $nic master br0 up
done
ip -n switch link add peer type veth peer name eth0 netns peer; ip -n switch link set peer master br0 up
ip -n peer address add 10.61.0.1/24 dev eth0; ip -n peer link set eth0 up
`;

const spec = (nics: string, aggregate: string): string => `cat > /run/spec.yaml <<'YAML'
apiVersion: gona/v1
nics: [${nics}]
guests:
  - name: web
    vif: { device: vif0, mac: "52:54:00:61:00:01", addresses: [10.61.0.2] }
    aggregate: ${aggregate}
YAML
`;

const TWO_NICS = spec(
  "{ name: nic1, capacity: 1Gbit, fabric: rack }, { name: nic2, capacity: 1Gbit, fabric: rack }",
  `{ balance: hash, slices: [{ nic: nic1, egress: { reserve: 10Mbit, limit: 100Mbit } },
      { nic: nic2, egress: { reserve: 10Mbit, limit: 100Mbit } }] }`,
);
const oneNic = (nic: string, aggregate: string): string => spec(`{ name: nic1, capacity: 1Gbit${nic} }`, aggregate);
const apply = (text: string, then: string): string => `${text}./gona apply /run/spec.yaml && ${then}`;
const PING = "nsenter --net=/run/netns/web busybox ping -q -i 0.1 -c 5 -W 5 10.61.0.1";

const DAEMON = `
./gona daemon --spec /run/spec.yaml --run-dir /run/gona --state-dir /run/gona-state >/run/daemon.log 2>&1 </dev/null &
for i in $(seq 200); do grep -q '"state":"converged"' /run/daemon.log && exit 0; kill -0 $! || break; sleep 1; done
cat /run/daemon.log; exit 1`;

/** Four seconds of pings; after the first, the cable of the NIC that carries them is cut, and in the end mended. */
const PINGS_AND_CUT = `
sent() { cat /sys/class/net/nic1/statistics/tx_bytes; }
nsenter --net=/run/netns/web busybox ping -q -i 0.1 -c 40 -W 2 10.61.0.1 >/run/pings &
before=$(sent); sleep 1; used=$(($(sent) - before))
if [ $used -gt 500 ]; then dead=nic1; else dead=nic2; fi
ip -n switch link set $dead down
wait $!
ip -n switch link set $dead up
cat /run/pings`;

test("the daemon converges on Debian's 6.1, and a guest goes on when a NIC dies", async () => {
  expect(await run("uname -r")).toMatch(/^6\.1\./);
  await run(`${TABLE}${TWO_NICS}${DAEMON}`);
  expect(await run("tc class show dev nic1")).toContain("htb a09a:");
  expect(await run(PINGS_AND_CUT)).toMatch(/\b(39|40) packets received/);
});

const LEAVES = "tc -s qdisc show dev nic1";
const goal = (latency: string): string =>
  oneNic("", `{ ${latency} slices: [{ nic: nic1, egress: { limit: 20Mbit } }] }`);
/** Of the guest's own leaf, packets sent by its fq_codel. */
const sentBy = (leaves: string): number =>
  Number(/fq_codel \w+: parent 8:1 [\s\S]*?Sent \d+ bytes (\d+) pkt/.exec(leaves)?.[1] ?? 0);

test("a latency goal is kept by fq_codel below the segmenter, which changes in place and goes with the goal", async () => {
  const made = await run(apply(goal("latency: 5ms,"), `${PING} && ${LEAVES}`));
  expect(made).toMatch(/qdisc tbf 8: parent a09a:8 /);
  expect(made).toMatch(/qdisc fq_codel \w+: parent 8:1 .*flows 256 quantum 1514 target 5ms interval 100ms .*ecn/);
  expect(sentBy(made)).toBeGreaterThanOrEqual(5);

  const changed = await run(apply(goal("latency: 20ms,"), LEAVES));
  expect(changed).toMatch(/qdisc fq_codel \w+: parent 8:1 .* target 20ms /);
  expect(sentBy(changed), "what it counted goes on").toBeGreaterThanOrEqual(sentBy(made));

  expect(await run(apply(goal(""), LEAVES))).not.toContain("fq_codel");
});

const LIMIT_BITS = 1_000_000;
const FRAME_BYTES = 1442;
const by = (shaper: string): string =>
  oneNic(`, shaper: ${shaper}`, `{ slices: [{ nic: nic1, egress: { limit: ${LIMIT_BITS}bit } }] }`);

/** Four times the limit for some seconds; what the peer got of it, and how long that took at the most, in hundredths of a second. */
const FLOOD = `set -e
flood='const socket = require("node:dgram").createSocket("udp4"); let left = 1400;
const timer = setInterval(() => { for (let i = 0; i < 7; i++) socket.send(Buffer.alloc(1400), 7000, "10.61.0.1");
if ((left -= 7) <= 0) { clearInterval(timer); socket.close(); } }, 20);'
got() { ip -n peer -s -o link show eth0 | sed 's/.*RX:[^0-9]*\\([0-9]*\\).*/\\1/'; }
now() { sed 's/ .*//; s/[.]//' /proc/uptime; }
${PING} >/dev/null
from=$(now); before=$(got)
nsenter --net=/run/netns/web ${process.execPath} -e "$flood"
last=-1; while [ "$(got)" != "$last" ]; do last=$(got); sleep 1; done
echo "$((last - before)) $(($(now) - from))"`;

const ROOT = "tc -s qdisc show dev nic1 root";
const throttled = (text: string): number => Number(/highprio \d+ throttled (\d+)/.exec(text)?.[1] ?? 0);

test("departure times keep a limit, fq holds what is early, and HTB takes its place and gives it back", async () => {
  expect(await run(apply(by("edt"), ROOT))).toMatch(/qdisc fq a09b: root /);
  expect(await run("tc class show dev nic1")).toBe("");

  const [bytes = 0, hundredths = 0] = (await run(FLOOD)).trim().split(" ").map(Number);
  expect(bytes, "it was filled").toBeGreaterThan(150_000);
  expect(((bytes - 2 * FRAME_BYTES) * 8) / LIMIT_BITS, "seconds that the limit asks for").toBeLessThan(
    hundredths / 100,
  );
  expect(throttled(await run(ROOT)), "frames that fq held back").toBeGreaterThan(10);

  expect(await run(apply(by("htb"), ROOT))).toMatch(/qdisc htb a09a: root /);
  expect(await run(apply(by("edt"), ROOT))).toMatch(/qdisc fq a09b: root /);
  expect(await run(PING)).toMatch(/ 5 packets received/);
});

test("programs do there what they do here, and it holds every kind of queue that is planned with fq_codel", async () => {
  const files = "from-guest.program-test slice-mac.program-test account.program-test planned-quality.netns-test";
  const vitest = `${process.execPath} node_modules/vitest/vitest.mjs run --project program --project netns --no-isolate`;
  expect(await run(`modprobe sch_fq_codel; NO_COLOR=1 ${vitest} ${files} 2>&1`)).toMatch(/Test Files {2}4 passed/);
});
