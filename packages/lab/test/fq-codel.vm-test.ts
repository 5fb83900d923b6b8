import { expect, onTestFinished, test } from "vitest";
import { REPOSITORY } from "../src/bed/lab-paths.ts";
import { runCommand } from "../src/bed/run-command.ts";
import { GuestMachine } from "../src/vm/guest-machine.ts";
import { hostRoot } from "../src/vm/host-root.ts";

/** Emulated, and so about ten times slower than the host. */
const SLOW_MS = 240_000;

/** This machine's files under Debian's 6.1, which has fq_codel. */
async function onDebianKernel(): Promise<(script: string) => Promise<string>> {
  const netns = `gona-bvm${process.pid}`;
  await runCommand("ip", ["netns", "add", netns]);
  onTestFinished(async () => void (await runCommand("ip", ["netns", "delete", netns])));
  const guest = await GuestMachine.start({ netns, nics: [], share: "/", memoryMebibytes: 1536, processors: 2 });
  onTestFinished(() => guest[Symbol.asyncDispose]());
  const here = await hostRoot(guest);
  return (script) => guest.run(here(`cd ${REPOSITORY}; ${script}`), SLOW_MS);
}

const spec = (aggregate: string): string => `cat > /run/spec.yaml <<'YAML'
apiVersion: gona/v1
nics: [{ name: nic1, capacity: 1Gbit }]
guests:
  - name: web
    vif: { device: vif0, mac: "52:54:00:61:00:01", addresses: [10.61.0.2] }
    aggregate: { ${aggregate} slices: [{ nic: nic1, egress: { limit: 20Mbit } }] }
YAML
`;

/** hub: the virtual machine's first namespace. */
const TABLE = `set -e
ip netns add web; ip netns add peer
ip link add vif0 type veth peer name eth0 netns web; ip link set vif0 up
ip -n web link set eth0 address 52:54:00:61:00:01 up; ip -n web address add 10.61.0.2/24 dev eth0
ip link add nic1 type veth peer name eth0 netns peer; ip link set nic1 up
ip -n peer address add 10.61.0.1/24 dev eth0; ip -n peer link set eth0 up
${spec("latency: 5ms,")}
./gona daemon --spec /run/spec.yaml --run-dir /run/gona --state-dir /run/gona-state >/run/daemon.log 2>&1 </dev/null &
for i in $(seq 200); do grep -q '"state":"converged"' /run/daemon.log && exit 0; kill -0 $! || break; sleep 1; done
cat /run/daemon.log; exit 1`;

const LEAVES = "tc -s qdisc show dev nic1";
const apply = (aggregate: string): string => `${spec(aggregate)}./gona apply /run/spec.yaml && ${LEAVES}`;
/** Of the guest's own leaf, packets sent by its fq_codel. */
const sentBy = (leaves: string): number =>
  Number(/fq_codel \w+: parent 8:1 [\s\S]*?Sent \d+ bytes (\d+) pkt/.exec(leaves)?.[1] ?? 0);

test("a latency goal is kept by fq_codel below the segmenter, which changes in place and goes with the goal", async () => {
  const run = await onDebianKernel();
  await run(TABLE);
  await run("nsenter --net=/run/netns/web busybox ping -q -i 0.1 -c 5 -W 2 10.61.0.1");
  const made = await run(LEAVES);
  expect(made).toMatch(/qdisc tbf 8: parent a09a:8 /);
  expect(made).toMatch(/qdisc fq_codel \w+: parent 8:1 .*flows 256 quantum 1514 target 5ms interval 100ms .*ecn/);
  expect(sentBy(made)).toBeGreaterThanOrEqual(5);

  const changed = await run(apply("latency: 20ms,"));
  expect(changed).toMatch(/qdisc fq_codel \w+: parent 8:1 .* target 20ms /);
  expect(sentBy(changed), "what it counted goes on").toBeGreaterThanOrEqual(sentBy(made));

  expect(await run(apply(""))).not.toContain("fq_codel");
});

test("the real kernel holds every kind of queue that is planned with fq_codel, and goes from one to the next", async () => {
  const run = await onDebianKernel();
  const vitest = `${process.execPath} node_modules/vitest/vitest.mjs run --project netns --no-isolate planned-quality`;
  expect(await run(`modprobe sch_fq_codel; NO_COLOR=1 ${vitest} 2>&1`)).toMatch(/Test Files {2}1 passed/);
});
