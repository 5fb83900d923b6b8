const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
/** Where there is no terminal, a step that takes long says so this often. */
const STILL_MS = 15_000;

/** @param {number} sinceMs */
const elapsed = (sinceMs) => `${((Date.now() - sinceMs) / 1000).toFixed(1)} s`;

/**
 * Shows a long step while it runs: one line that moves on a terminal, plain lines elsewhere.
 * @template T
 * @param {string} title
 * @param {(note: (text: string) => void) => Promise<T>} work `note` sets what is said beside the title
 * @param {NodeJS.WriteStream} [out]
 * @returns {Promise<T>}
 */
export async function step(title, work, out = process.stdout) {
  const started = Date.now();
  const live = out.isTTY === true && process.env.TERM !== "dumb";
  let text = "";
  let frame = 0;
  const draw = () => {
    if (!live) return out.write(`  ${title}: still at it after ${elapsed(started)}\n`);
    const line = `${FRAMES[frame++ % FRAMES.length]} ${title} ${elapsed(started)}  ${text}`;
    return out.write(`\r\x1b[K${line.slice(0, (out.columns || 80) - 1)}`);
  };
  if (!live) out.write(`  ${title} …\n`);
  const timer = setInterval(draw, live ? 100 : STILL_MS);
  /** @param {string} mark @param {string} words */
  const end = (mark, words) => {
    clearInterval(timer);
    out.write(`${live ? "\r\x1b[K" : ""}${mark} ${title} (${words}${elapsed(started)})\n`);
  };
  try {
    const result = await work((note) => {
      text = note;
    });
    end("✓", "");
    return result;
  } catch (error) {
    end("✗", "failed after ");
    throw error;
  }
}
