/** Rates are multiples of it. */
const STEP = 8;

/**
 * Takes `demand` from `rooms`, at most `cap` from each, so that what is left is as even as can be:
 * the largest rooms are cut down to one level. All in bit/s, multiples of 8. Gives what is taken from
 * each room; less than `demand` in all where there is no more. Taking so leaves the least majorized
 * rest, which is the best one for whoever comes next, whatever they want.
 */
export function levelOut(rooms: readonly number[], demand: number, cap: number): readonly number[] {
  const most = rooms.map((room) => Math.max(0, Math.min(room, cap)));
  const possible = most.reduce((sum, each) => sum + each, 0);
  if (possible <= demand) return most;
  let low = 0;
  let high = Math.max(...rooms);
  // 2^-50 of 1 Tbit/s is less than a step.
  for (let i = 0; i < 50; i++) {
    const level = (low + high) / 2;
    if (takenAt(rooms, most, level) > demand) low = level;
    else high = level;
  }
  const taken = rooms.map((room, index) => wholeSteps(Math.min(most[index] ?? 0, Math.max(0, room - high))));
  let missing = demand - taken.reduce((sum, each) => sum + each, 0);
  while (missing > 0) {
    const next = indexOfRoomiest(rooms, taken, most);
    if (next === undefined) break;
    taken[next] = (taken[next] ?? 0) + STEP;
    missing -= STEP;
  }
  return taken;
}

const wholeSteps = (rate: number): number => Math.floor(rate / STEP) * STEP;

function takenAt(rooms: readonly number[], most: readonly number[], level: number): number {
  let sum = 0;
  for (const [index, room] of rooms.entries()) sum += Math.min(most[index] ?? 0, Math.max(0, room - level));
  return sum;
}

function indexOfRoomiest(
  rooms: readonly number[],
  taken: readonly number[],
  most: readonly number[],
): number | undefined {
  let best: number | undefined;
  let bestLeft = Number.NEGATIVE_INFINITY;
  for (const [index, room] of rooms.entries()) {
    const got = taken[index] ?? 0;
    if (got + STEP > (most[index] ?? 0) || room - got <= bestLeft) continue;
    best = index;
    bestLeft = room - got;
  }
  return best;
}
