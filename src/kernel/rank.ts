// Ranks order events that fall on the same microsecond. Each source (the timetable, a member, a link, a client) has a rank
// of its own and numbers its events itself, so that taking one fault or one client away leaves the ties of all others alone.

import { CLIENTS_MAX, MEMBER_ID_MAX } from "./limits.ts";

/** Distance between two `from` rows of the link table; ids run from 1 to MEMBER_ID_MAX. */
export const LINK_STRIDE: number = MEMBER_ID_MAX + 1;

const LINKS = LINK_STRIDE;
const CLIENTS = LINKS + LINK_STRIDE * LINK_STRIDE;

/** Faults come before everything else of the same instant. */
export const TIMETABLE_RANK = 0;

/** Number of ranks there are; the queue keeps one counter for each. */
export const RANKS: number = CLIENTS + 3 * (CLIENTS_MAX + 1);

/** Rank of what a member does to itself: timers, disk completions. `member` is 1..MEMBER_ID_MAX. */
export function memberRank(member: number): number {
  return member;
}

/** Rank of messages on the link from one member to another. */
export function linkRank(from: number, to: number): number {
  return LINKS + from * LINK_STRIDE + to;
}

/** Rank of what a client does to itself: timeouts, the next operation of an open loop. */
export function clientRank(client: number): number {
  return CLIENTS + client * 3;
}

/** Rank of requests on their way from a client. */
export function requestRank(client: number): number {
  return CLIENTS + client * 3 + 1;
}

/** Rank of responses on their way to a client. */
export function responseRank(client: number): number {
  return CLIENTS + client * 3 + 2;
}
