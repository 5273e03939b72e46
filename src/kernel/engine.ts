// The engine version is part of the public contract: a change that alters runs raises it (DESIGN §2.7).

/** Version of what a seed means: two builds with the same engine version give the same digests. */
export const ENGINE_VERSION = "e5" as const;

/** Version of the program. */
export const PROGRAM_VERSION = "0.5.0" as const;
