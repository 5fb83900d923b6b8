/** Where commands write. */
export interface TextSink {
  write(text: string): void;
  /** Undefined where nobody counts columns (a pipe). */
  readonly columns: number | undefined;
  readonly colour: boolean;
}
