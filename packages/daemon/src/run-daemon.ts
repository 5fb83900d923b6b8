import { join } from "node:path";
import { FrameListener, LinuxTaps, nicFacts, timerLateness, vfFacts } from "@gona/kernel";
import type { NicId } from "@gona/model";
import { aborted } from "./aborted.ts";
import { systemClock } from "./clock.ts";
import { assembleDaemon } from "./daemon.ts";
import { checkOptions, type DaemonOptions } from "./daemon-options.ts";
import type { DomainControl } from "./domain/domain-control.ts";
import { DomainFiles } from "./domain/domain-files.ts";
import { DomainKernels } from "./domain/domain-kernels.ts";
import { openBackends } from "./domain/open-domains.ts";
import { ensureDirectory, writePid } from "./host-dirs.ts";
import { kernelOffers } from "./kernel-offers.ts";
import type { CarrierSource } from "./link-monitor.ts";
import { listenOnSocket } from "./listen-on-socket.ts";
import { lockStateDir } from "./lock-state-dir.ts";
import { createLogger } from "./logger.ts";
import { findObject } from "./object-path.ts";
import { openHub } from "./open-hub.ts";
import { openNicPort } from "./probe/nic-port.ts";
import { readSpecFile } from "./read-spec-file.ts";
import { requireCapabilities } from "./require-capabilities.ts";
import { sayReady } from "./say-ready.ts";
import { sayingWho } from "./saying-who.ts";
import { readSpec, requireGood } from "./spec-intake.ts";
import { SqliteStore } from "./sqlite-store.ts";
import { tellManager } from "./tell-manager.ts";
import { readVersion } from "./version.ts";

/**
 * Runs the daemon in this process's network namespace until `signal`, then leaves the data plane
 * running. Returns the exit code. Everything that can be wrong with the input or the machine is
 * found before the kernel is touched. Throws GonaError.
 */
export async function runDaemon(options: DaemonOptions): Promise<number> {
  const { runDir, stateDir, signal } = options;
  checkOptions(options);
  const spec = options.spec === undefined ? undefined : readSpecFile(options.spec);
  if (spec !== undefined) requireGood(readSpec(spec));
  const objectPath = findObject();
  requireCapabilities();
  ensureDirectory(runDir, "--run-dir");
  ensureDirectory(stateDir, "--state-dir");

  await using held = new AsyncDisposableStack();
  held.use(sayingWho(runDir, () => lockStateDir(stateDir, runDir)));
  const store = held.use(SqliteStore.open(join(stateDir, "gona.db")));
  const hub = held.use(sayingWho(runDir, () => openHub(runDir, objectPath)));
  held.use(writePid(runDir));
  const log = createLogger(options.logLevel ?? "info");
  const version = readVersion();
  const lateness = await timerLateness();
  log.debug({ microseconds: lateness / 1000 }, "timers are late by");
  const offers = kernelOffers();
  log.debug(offers, "the kernel offers");
  const files = new DomainFiles(runDir);
  const factsOf = (link: string) => hub.kernel.inside(() => nicFacts(link), link);
  const kernels = new DomainKernels(hub.kernel);
  const parts = {
    ...hub,
    dataPlane: hub.plane,
    store,
    log,
    version,
    stateDir,
    timerLateness: lateness,
    ...offers,
    offersOffload: (link: string) => factsOf(link).tcOffload,
    askVfs: (link: string) => vfFacts(link),
    taps: new LinuxTaps(),
    domains: { files, backends: openBackends({ runDir, files, clock: systemClock, log, kernel: hub.kernel }) },
    placing: {
      kernel: hub.kernel,
      syncKernels: (ready: DomainControl["ready"]) => kernels.sync(ready),
      hubNetns: `/proc/${process.pid}/ns/net`,
      hardwareOf: factsOf,
    },
    paths: {
      open: (nic: NicId) => openNicPort(hub.kernel, nic),
      neighbours: () => hub.plane.neighbours(),
    },
    carriers: (...to: Parameters<CarrierSource>) => hub.plane.watchCarriers(findObject("gona_carriers"), ...to),
    frames: {
      listen: (...which: Parameters<typeof FrameListener.open>) =>
        hub.kernel.inside(() => FrameListener.open(...which), which[0]),
    },
  };
  const { controller, supervisor, delivery, history, server, events } = assembleDaemon(parts);
  held.use(history);
  held.use(supervisor);
  held.use(controller);
  events.record({ kind: "daemon-started", message: `daemon ${version} started, pid ${process.pid}` });
  await supervisor?.start();
  await controller.start(spec);
  if (options.teardown === true) {
    await controller.applier.teardown();
    await controller.giveBackNics();
    await supervisor?.stopAll();
    await controller.taps.settle();
    hub.forget();
    return 0;
  }

  held.use(delivery);
  delivery.start();
  held.defer(() => server.close());
  const socket = await listenOnSocket(server, runDir);
  sayReady(log, controller, socket);
  tellManager("READY=1", log);
  await aborted(signal);
  tellManager("STOPPING=1", log);
  events.record({ kind: "daemon-stopped", message: "daemon stopped; the data plane goes on" });
  return 0;
}
