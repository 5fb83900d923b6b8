/** libbpf's names for the maps of constants and variables: `gona_bpf.rodata`. */
export function isGlobalData(mapName: string): boolean {
  return mapName.includes(".");
}
