// Loads what daemons, agents and the command line run, for Node to keep it in NODE_COMPILE_CACHE.
for (const part of ["daemon", "agent", "lab", "cli"]) {
  await import(new URL(`../../packages/${part}/src/index.ts`, import.meta.url).href);
}
