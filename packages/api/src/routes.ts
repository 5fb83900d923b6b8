import { z } from "zod";
import { applyResultSchema } from "./apply-result.ts";
import { deliveryQuerySchema, deliveryRowSchema } from "./delivery.ts";
import {
  domainExecRequestSchema,
  domainExecResultSchema,
  domainRestartRequestSchema,
  domainRestartResultSchema,
  domainViewSchema,
} from "./domain-view.ts";
import { drainRequestSchema, drainResultSchema } from "./drain-result.ts";
import { explanationSchema } from "./explanation.ts";
import { guestViewSchema, sliceViewSchema } from "./guest-view.ts";
import { hostEventSchema } from "./host-event.ts";
import { nicViewSchema } from "./nic-view.ts";
import { checkResultSchema, planResultSchema } from "./plan-result.ts";
import { revisionViewSchema } from "./revision-view.ts";
import { get, post, type Route } from "./route.ts";
import { specRequestSchema } from "./spec-request.ts";
import { statusSchema } from "./status.ts";

const eventQuery = z.object({
  after: z.coerce.number().int().min(0).exactOptional().meta({ description: "only events with a greater id" }),
  limit: z.coerce.number().int().min(1).max(1000).default(100).meta({ description: "the newest so many" }),
  follow: z.enum(["0", "1"]).default("0").meta({ description: "1: go on as server-sent events" }),
});

/** Every route of the daemon. */
export const ROUTES = {
  status: get("/v1/status", "The whole state of the host", undefined, statusSchema),
  nics: get("/v1/nics", "NICs and how they fare", undefined, z.array(nicViewSchema)),
  guests: get("/v1/guests", "Guests with their slices", undefined, z.array(guestViewSchema)),
  slices: get("/v1/slices", "Slices: promised, and what passed", undefined, z.array(sliceViewSchema)),
  delivery: get(
    "/v1/delivery",
    "Promise against delivery: offered, delivered, promised, and why",
    deliveryQuerySchema,
    z.array(deliveryRowSchema),
  ),
  domains: get("/v1/domains", "Driver domains", undefined, z.array(domainViewSchema)),
  domainRestart: post(
    "/v1/domains/restart",
    "Restart what runs a driver domain; clears a failure",
    domainRestartRequestSchema,
    domainRestartResultSchema,
  ),
  domainExec: post(
    "/v1/domains/exec",
    "Run a shell script in a driver domain's virtual machine, to look at its NICs and drivers",
    domainExecRequestSchema,
    domainExecResultSchema,
  ),
  events: get("/v1/events", "What happened, oldest first", eventQuery, z.array(hostEventSchema)),
  check: post("/v1/check", "Whether a spec is right and fits", specRequestSchema, checkResultSchema),
  plan: post("/v1/plan", "What applying a spec would do", specRequestSchema, planResultSchema),
  apply: post("/v1/apply", "Converge to a spec, or roll back", specRequestSchema, applyResultSchema),
  history: get("/v1/history", "Revisions, newest first", undefined, z.array(revisionViewSchema)),
  rollback: post(
    "/v1/rollback",
    "Apply the text of an earlier revision as a new one",
    z.strictObject({ revision: z.int().min(1) }),
    applyResultSchema,
  ),
  teardown: post("/v1/teardown", "Remove everything of GONA's from the kernel", undefined, applyResultSchema),
  drain: post("/v1/drain", "Move every guest that has another NIC off this one", drainRequestSchema, drainResultSchema),
  undrain: post("/v1/undrain", "Use a drained NIC again", drainRequestSchema, drainResultSchema),
  explain: get(
    "/v1/explain",
    "Which slice a guest's flow takes, and why",
    z.object({
      guest: z.string().min(1).meta({ description: "guest, or guest/vif" }),
      flow: z.string().min(1).exactOptional().meta({ description: "tcp 10.0.0.11:43210 > 10.0.9.9:443" }),
    }),
    explanationSchema,
  ),
  dump: get("/v1/dump", "The kernel's state as golden text", undefined, "text"),
} as const satisfies Record<string, Route>;

export type RouteName = keyof typeof ROUTES;
