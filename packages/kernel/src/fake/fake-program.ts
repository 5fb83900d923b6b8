import type { BpfProgram, ProgramInput, ProgramOutput } from "../bpf-object.ts";

/** A program of the fake kernel; what `testRun` leaves out is what a program that does nothing gives. */
export function fakeProgram(
  name: string,
  id: number,
  testRun: (input: ProgramInput) => Partial<ProgramOutput>,
): BpfProgram {
  return {
    name,
    id,
    isAlike: (other) => other === id,
    testRun: (input) => ({
      returned: 0,
      packet: input.packet,
      context: { mark: input.context?.mark ?? 0, priority: input.context?.priority ?? 0 },
      nanoseconds: 0,
      ...testRun(input),
    }),
  };
}
