/**
 * Set-up cannot go on, and the machine (not our code) is the reason: said in one sentence, with what
 * to do about it. `detail` holds the last words of the command that failed.
 */
export class SetUpError extends Error {
  /** @param {string} message @param {{ hint?: string, detail?: string, cause?: unknown }} [more] */
  constructor(message, more = {}) {
    super(message, { cause: more.cause });
    this.name = "SetUpError";
    this.hint = more.hint;
    this.detail = more.detail;
  }

  /** As a newcomer reads it. */
  report() {
    const lines = [`gona: ${this.message}`];
    if (this.hint !== undefined) lines.push(`  what to do: ${this.hint}`);
    if (this.detail !== undefined && this.detail !== "")
      lines.push(...this.detail.split("\n").map((line) => `  | ${line}`));
    return lines.join("\n");
  }
}
