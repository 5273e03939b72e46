// Watch streams of a member: clients' messages to the hub (`etcd/watch-hub.ts`), the hub's answers to clients, and the loops
// that serve watchers which lag. What a client has not read stays here, up to a bound: then its watchers fall behind.

import { admitWatch } from "../etcd/serve-watch.ts";
import type { StreamMessage } from "../etcd/stream-message.ts";
import {
  closeStream,
  hasReadyVictims,
  hasUnsynced,
  moveVictims,
  notifyWatchers,
  openStream,
  PROGRESS_PERIOD_MICROS,
  restoreWatchers,
  SYNC_PERIOD_MICROS,
  syncWatchers,
  takeAnswers,
  tickProgress,
  VICTIM_PERIOD_MICROS,
  type WatchStream,
} from "../etcd/watch-hub.ts";
import { type ClientRequest, ClientResponse, RequestError } from "../kernel/request.ts";
import type { EtcdMember, MemberStream } from "./etcd-member.ts";
import type { MemberEnv } from "./member-env.ts";
import { LEARNER, NO_LEADER } from "./requests.ts";
import { refuse } from "./respond.ts";

/** Timers: the loop that serves unsynced watchers; the one that tries victims again. */
export const SYNC_TIMER = 5;
export const VICTIM_TIMER = 6;

/** Answers on the way to one stream's reader; HTTP/2 has a window of 64 KiB instead. */
export const STREAM_WINDOW = 32;

/** Election timeouts without a leader after which streams that want one end (etcd `maxNoLeaderCnt`). */
const NO_LEADER_TIMEOUTS = 3;

const RESET: RequestError = new RequestError(14, "error reading from server: connection reset by peer", false);

/** Takes a client's message on a stream. */
export function takeStreamMessage(
  member: EtcdMember,
  env: MemberEnv,
  request: ClientRequest,
  message: StreamMessage,
): void {
  if (member.raft.isLearner) {
    refuse(member, env, request, LEARNER);
    return;
  }
  const { hub } = member;
  let stream = streamOf(member, request);
  if (message.does === "open") {
    if (stream !== null) return;
    stream = { id: openStream(hub), request, requiresLeader: message.requiresLeader, unread: 0 };
    member.streams.push(stream);
    if (hub.streams.length === 1) member.progressAtMicros = env.context.localMicros() + PROGRESS_PERIOD_MICROS;
  } else if (stream === null) {
    // It was opened at an earlier boot, or has ended: the connection is not known here.
    if (message.does !== "close") refuse(member, env, request, RESET);
    return;
  }
  switch (message.does) {
    case "read":
      stream.unread = Math.max(0, stream.unread - message.count);
      break;
    case "close":
      closeMemberStream(member, stream);
      return;
    default:
      admitWatch(env.desk, stream.id, message.watch, request.token, env.context.localMicros());
  }
  flushStreams(member, env);
}

function streamOf(member: EtcdMember, { client, operation }: ClientRequest): MemberStream | null {
  const { streams } = member;
  for (let i = 0; i < streams.length; i++) {
    const { request } = streams[i] as MemberStream;
    if (request.operation === operation && request.client === client) return streams[i] as MemberStream;
  }
  return null;
}

function closeMemberStream(member: EtcdMember, stream: MemberStream): void {
  closeStream(member.hub, stream.id);
  member.streams = member.streams.filter((other) => other !== stream);
}

/** Sends what waits on the streams, as far as their readers keep up, and sets the loops' timers where somebody lags. */
export function flushStreams(member: EtcdMember, env: MemberEnv): void {
  const { streams, hub } = member;
  for (let i = 0; i < streams.length; i++) {
    const waiting = (hub.streams[i] as WatchStream).answers.length;
    if (waiting > 0) flush(member, env, streams[i] as MemberStream, hub.streams[i] as WatchStream);
  }
  if (!member.syncTimerSet && hasUnsynced(hub)) {
    member.syncTimerSet = true;
    env.context.setTimer(SYNC_PERIOD_MICROS, SYNC_TIMER);
  }
  if (!member.victimTimerSet && hasReadyVictims(hub)) {
    member.victimTimerSet = true;
    env.context.setTimer(VICTIM_PERIOD_MICROS, VICTIM_TIMER);
  }
}

function flush(member: EtcdMember, env: MemberEnv, stream: MemberStream, waiting: WatchStream): void {
  const { context } = env;
  const room = STREAM_WINDOW - stream.unread;
  if (room <= 0) return;
  const answers = takeAnswers(waiting, room);
  stream.unread += answers.length;
  for (const answer of answers) {
    const { request } = stream;
    context.stream(request, new ClientResponse(request, answer, null, answer.revision, context.self, member.raft.term));
  }
}

/** A revision was applied. */
export function notifyStreams(member: EtcdMember, env: MemberEnv): void {
  notifyWatchers(member.hub, env.backend.store);
  flushStreams(member, env);
}

/** A timer of the loops fired. */
export function watchTimer(member: EtcdMember, env: MemberEnv, timer: number): void {
  const { hub } = member;
  const { store } = env.backend;
  if (timer === SYNC_TIMER) {
    member.syncTimerSet = false;
    syncWatchers(hub, store);
  } else {
    member.victimTimerSet = false;
    moveVictims(hub, store);
  }
  flushStreams(member, env);
}

/** Once a tick while there are streams: notices of progress, and the end of streams that want a leader. */
export function tendStreams(member: EtcdMember, env: MemberEnv): void {
  const now = env.context.localMicros();
  if (now >= member.progressAtMicros) {
    member.progressAtMicros = now + PROGRESS_PERIOD_MICROS;
    tickProgress(member.hub, env.backend.store);
    flushStreams(member, env);
  }
  const { raft, config } = member;
  if (raft.lead !== 0) return;
  const patience = NO_LEADER_TIMEOUTS * config.electionMicros;
  if (now - Math.max(member.leaderLostMicros, member.firstTickMicros) < patience) return;
  for (const stream of member.streams) {
    if (!stream.requiresLeader) continue;
    closeMemberStream(member, stream);
    refuse(member, env, stream.request, NO_LEADER);
  }
}

/** The state was replaced by a snapshot: watchers catch up from where they were. */
export function restoreStreams(member: EtcdMember, env: MemberEnv): void {
  if (member.streams.length === 0) return;
  restoreWatchers(member.hub);
  flushStreams(member, env);
}
