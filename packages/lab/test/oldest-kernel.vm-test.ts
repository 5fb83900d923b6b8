import { expect, onTestFinished, test } from "vitest";
import { REPOSITORY } from "../src/bed/lab-paths.ts";
import { runCommand } from "../src/bed/run-command.ts";
import { GuestMachine } from "../src/vm/guest-machine.ts";
import { hostRoot } from "../src/vm/host-root.ts";

/** Emulated, and so about ten times slower than the host. */
const SLOW_MS = 240_000;

/** This machine's files under the oldest kernel that GONA supports. */
async function onOldestKernel(): Promise<{ guest: GuestMachine; run: (script: string) => Promise<string> }> {
  const netns = `gona-old${process.pid}`;
  await runCommand("ip", ["netns", "add", netns]);
  onTestFinished(async () => void (await runCommand("ip", ["netns", "delete", netns])));
  const guest = await GuestMachine.start({ netns, nics: [], share: "/", memoryMebibytes: 1536, processors: 2 });
  onTestFinished(() => guest[Symbol.asyncDispose]());
  const here = await hostRoot(guest);
  return { guest, run: (script) => guest.run(here(`cd ${REPOSITORY}; ${script}`), SLOW_MS) };
}

const SPEC = `apiVersion: gona/v1
nics:
  - { name: nic1, capacity: 1Gbit, fabric: rack }
  - { name: nic2, capacity: 1Gbit, fabric: rack }
guests:
  - name: web
    vif: { device: vif0, mac: "52:54:00:61:00:01", addresses: [10.61.0.2] }
    aggregate:
      slices:
        - { nic: nic1, egress: { reserve: 10Mbit, limit: 100Mbit } }
        - { nic: nic2, egress: { reserve: 10Mbit, limit: 100Mbit } }
      balance: hash
`;

/** hub (the guest's first namespace): nic1 and nic2 to a bridge with the peer on it, vif0 to the namespace web. */
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
cat > /run/spec.yaml <<'YAML'
${SPEC}YAML
./gona daemon --spec /run/spec.yaml --run-dir /run/gona --state-dir /run/gona-state >/run/daemon.log 2>&1 </dev/null &
`;

/** Four seconds of pings; after the first, the cable of the NIC that carries them is cut. */
const PINGS_AND_CUT = `
sent() { cat /sys/class/net/nic1/statistics/tx_bytes; }
nsenter --net=/run/netns/web busybox ping -q -i 0.1 -c 40 -W 2 10.61.0.1 >/run/pings &
before=$(sent); sleep 1; used=$(($(sent) - before))
if [ $used -gt 500 ]; then dead=nic1; else dead=nic2; fi
ip -n switch link set $dead down
wait $!
cat /run/pings`;

test("the daemon converges on Debian's 6.1, and a guest goes on when a NIC dies", async () => {
  const { run } = await onOldestKernel();
  expect(await run("uname -r")).toMatch(/^6\.1\./);
  await run(TABLE);
  const converged = `for i in $(seq 60); do ./gona status --json | grep -q '"converged": *true' && exit 0; sleep 1; done`;
  await run(`${converged}; cat /run/daemon.log; exit 1`);
  expect(await run("tc class show dev nic1")).toContain("htb a09a:");
  expect(await run(PINGS_AND_CUT)).toMatch(/\b(39|40) packets received/);
});

test("the BPF programs do on Debian's 6.1 what they do here", async () => {
  const { run } = await onOldestKernel();
  const files = "from-guest.program-test slice-mac.program-test account.program-test";
  const vitest = `${process.execPath} node_modules/vitest/vitest.mjs run --project program --no-isolate ${files}`;
  const output = await run(`NO_COLOR=1 ${vitest} 2>&1`);
  expect(output).toMatch(/Test Files {2}3 passed/);
});
