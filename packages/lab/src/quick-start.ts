import { type LabResult, type LabRunOptions, labRun } from "./lab-run.ts";

export const QUICK_START = "quick-start";

/** What `npm start` shows: the quick-start scenario against the real daemon. Throws GonaError. */
export const quickStart = (options: LabRunOptions = {}): Promise<LabResult> => labRun(QUICK_START, options);
