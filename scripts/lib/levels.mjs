/**
 * The four levels of tests (CONTRIBUTING.md has the table). `root`: wants the kernel, and so runs in namespaces of
 * its own, where nothing it leaves behind can outlive it. The deadlines are for a machine that is slow or busy.
 * @typedef {{ name: string, ending: string, root: boolean, guests: boolean, deadlineMs: number }} Level
 * @type {readonly Level[]}
 */
export const LEVELS = [
  { name: "pure", ending: ".test.ts", root: false, guests: false, deadlineMs: 360_000 },
  { name: "program", ending: ".program-test.ts", root: true, guests: false, deadlineMs: 300_000 },
  { name: "netns", ending: ".netns-test.ts", root: true, guests: false, deadlineMs: 1_200_000 },
  { name: "vm", ending: ".vm-test.ts", root: true, guests: true, deadlineMs: 720_000 },
];

/** Of all levels with their set-up, however slow each is: less than CI's half hour. */
export const RUN_DEADLINE_MS = 28.5 * 60_000;
