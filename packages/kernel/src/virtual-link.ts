/** Whom the macvlans and macvtaps of one link reach: private: not each other; passthru: one has the link for itself. */
export type MacvlanMode = "private" | "vepa" | "bridge" | "passthru";
