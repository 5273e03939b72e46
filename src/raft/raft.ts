/**
 * The Raft core as the rest of Lockstep sees it.
 */
export * from "./conf-change.ts";
export * from "./config.ts";
export * from "./entry.ts";
export * from "./log.ts";
export * from "./message.ts";
export * from "./mutation.ts";
export * from "./snapshot.ts";
export * from "./state.ts";
