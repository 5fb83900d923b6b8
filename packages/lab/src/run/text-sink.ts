/** Where text goes; the CLI's TextSink has this shape. */
export interface TextSink {
  write(text: string): void;
  /** Undefined where nobody counts columns (a pipe): then nothing is drawn over. */
  readonly columns: number | undefined;
  readonly colour: boolean;
}

/** Standard output and the like. */
export const sinkOf = (stream: NodeJS.WriteStream): TextSink => ({
  write: (text) => void stream.write(text),
  get columns() {
    return stream.isTTY && process.env.TERM !== "dumb" ? (stream.columns ?? 80) : undefined;
  },
  colour: stream.isTTY && process.env.NO_COLOR === undefined && process.env.TERM !== "dumb",
});

/** Swallows everything: `--json` says nothing but its result. */
export const SILENT_SINK: TextSink = { write: () => undefined, columns: undefined, colour: false };
