/**
 * The four levels of tests (CONTRIBUTING.md has the table). `root`: wants the kernel, and so runs in namespaces of
 * its own, where nothing it leaves behind can outlive it. The deadlines are for a slow machine and add up to less
 * than CI's half hour.
 * @typedef {{ name: string, ending: string, root: boolean, guests: boolean, deadlineMs: number }} Level
 * @type {readonly Level[]}
 */
export const LEVELS = [
  { name: "pure", ending: ".test.ts", root: false, guests: false, deadlineMs: 240_000 },
  { name: "program", ending: ".program-test.ts", root: true, guests: false, deadlineMs: 180_000 },
  { name: "netns", ending: ".netns-test.ts", root: true, guests: false, deadlineMs: 660_000 },
  { name: "vm", ending: ".vm-test.ts", root: true, guests: true, deadlineMs: 480_000 },
];
