import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createNamespace, deleteNamespace, LinuxKernel, PlacedKernel, unmountBpffs } from "@gona/kernel";
import { type HostSpec, type NicId, parseSpec } from "@gona/model";
import { desiredState, EMPTY_HUB, type HubState, type NicPlacement } from "@gona/planner";
import { buildBpf } from "../../../scripts/build-bpf.mjs";
import { type HubDataplane, openDataplane } from "../src/index.ts";

/** Two NICs and a vif whose far ends lie in a namespace of their own; `runDir` is the daemon's. */
export class TestHub implements Disposable {
  readonly netns: string;
  readonly far: string;
  readonly kernel: PlacedKernel;
  readonly runDir: string;
  readonly #stack = new DisposableStack();

  private constructor(name: string) {
    this.netns = `gona-l-${name}`;
    this.far = `gona-l-${name}-far`;
    this.runDir = mkdtempSync(join(tmpdir(), "gona-l-"));
    this.#stack.defer(() => rmSync(this.runDir, { recursive: true, force: true }));
    this.#stack.defer(() => unmountBpffs(join(this.runDir, "bpf")));
    for (const netns of [this.netns, this.far]) {
      deleteNamespace(netns); // of a run that was killed
      createNamespace(netns);
      this.#stack.defer(() => deleteNamespace(netns));
    }
    this.kernel = this.#stack.use(new PlacedKernel(LinuxKernel.open({ netns: this.netns })));
  }

  static async make(name: string, links: readonly string[]): Promise<TestHub> {
    const hub = new TestHub(name);
    try {
      await hub.kernel.run(links.flatMap((link, index) => [hub.#veth(link, index), { op: "linkSet", link, up: true }]));
      return hub;
    } catch (error) {
      hub[Symbol.dispose]();
      throw error;
    }
  }

  /** Makes a link of a pair anew under the same name. */
  async replaceLink(link: string): Promise<void> {
    await this.kernel.run([{ op: "linkDelete", link }, this.#veth(link, 0xffff), { op: "linkSet", link, up: true }]);
  }

  /** A driver domain that is written to without an agent. */
  addDomain(name: string, netns: string): void {
    deleteNamespace(netns);
    createNamespace(netns);
    this.#stack.defer(() => deleteNamespace(netns));
    this.kernel.setDomain(name, LinuxKernel.open({ netns }));
  }

  /** As a daemon of this build does, or with another object. */
  open(objectPath = buildBpf().path): HubDataplane {
    return openDataplane({ kernel: this.kernel, runDir: this.runDir, objectPath });
  }

  [Symbol.dispose](): void {
    this.#stack.dispose();
  }

  #veth(link: string, index: number) {
    const mac = `02:00:00:01:${hexByte(index >> 8)}:${hexByte(index)}`;
    return { op: "vethCreate", link, peer: { netns: this.far, name: `${link}-far`, mac, addresses: [] } } as const;
  }
}

const hexByte = (value: number): string => (value & 0xff).toString(16).padStart(2, "0");

export interface WantedOptions {
  readonly links: Iterable<string>;
  readonly observed?: HubState;
  /** NICs that are not up. */
  readonly dead?: readonly string[];
  readonly fqCodel?: boolean;
  readonly placements?: ReadonlyMap<NicId, NicPlacement>;
}

/** The desired state of a spec, with all its NICs up but the dead ones. */
export function wantedOf(
  spec: HostSpec,
  { links, observed = EMPTY_HUB, dead = [], fqCodel, placements }: WantedOptions,
): HubState {
  const nicsUp = new Set<NicId>(spec.nics.map(({ name }) => name).filter((name) => !dead.includes(name)));
  const more = { ...(fqCodel && { fqCodel }), ...(placements && { placements }) };
  return desiredState({ spec, observed, inventory: { links: new Set(links), nicsUp, ...more } }).hub;
}

export const specOf = (text: string): HostSpec => parseSpec(text, { file: "test.yaml" }).spec;

/** Two NICs of one fabric; a guest on both with a MAC for each, and one whose vif GONA makes in `netns`. */
export const twoGuests = (netns: string): string => `
apiVersion: gona/v1
nics:
  - { name: eth1, capacity: 10Gbit, fabric: rack }
  - { name: eth2, capacity: 1Gbit, fabric: rack }
guests:
  - name: web1
    vif: { device: vnet0, mac: "52:54:00:aa:00:01", addresses: [10.0.0.11, "fd00::11"], vlan: 20 }
    aggregate:
      slices:
        - { nic: eth1, egress: { reserve: 300Mbit, limit: 1Gbit, shares: 200 } }
        - { nic: eth2, egress: { reserve: 10%, limit: 50% } }
  - name: db1
    vif: { create: { netns: "${netns}", name: eth0 }, mac: "52:54:00:aa:00:02" }
    aggregate: { slices: [{ nic: eth2, egress: { limit: 100Mbit } }] }
`;
