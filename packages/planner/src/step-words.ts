/** What of an entry can differ, by name, in the order it is told. */
export type Members = Readonly<Record<string, string>>;
