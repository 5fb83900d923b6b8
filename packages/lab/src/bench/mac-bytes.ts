/** `02:00:00:00:00:01` as its six bytes. */
export const macBytes = (mac: string): readonly number[] => mac.split(":").map((part) => Number.parseInt(part, 16));
