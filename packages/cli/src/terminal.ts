import type { TextSink } from "./text-sink.ts";

type Stream = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

/** The variables that say something about colours. */
interface Environment {
  readonly NO_COLOR?: string;
  readonly TERM?: string;
}

/** A stream as commands see it: colours only on a terminal, and not where NO_COLOR or a dumb terminal forbids them. */
export function terminal(stream: Stream, env: Environment): TextSink {
  const colour = stream.isTTY === true && (env.NO_COLOR ?? "") === "" && env.TERM !== "dumb";
  return {
    write: (text) => void stream.write(text),
    get columns() {
      return stream.isTTY === true ? (stream.columns ?? 80) : undefined;
    },
    colour,
  };
}
