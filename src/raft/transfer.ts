/**
 * Handing leadership over without waiting for a timeout (Raft thesis §3.10).
 *
 * What is unknown here: why. The leader stops taking proposals, brings the target up to date, and tells it to campaign at
 * once. After an election timeout without success it goes on leading. After etcd-io/raft `raft.go`.
 */

import type { RaftEnv } from "./config.ts";
import { describeId } from "./describe.ts";
import { MessageType, NONE } from "./message.ts";
import { plainMessage, send } from "./outbox.ts";
import type { Progress } from "./progress.ts";
import { sendAppend } from "./replication.ts";
import type { Raft } from "./state.ts";

/** Leader: someone asks that `target` lead. */
export function handleTransfer(raft: Raft, target: Progress, env: RaftEnv): void {
  const logger = env.logger;
  const id = describeId(raft.id);
  const to = describeId(target.id);
  if (target.isLearner) {
    if (logger !== null) logger.debug(`${id} is learner. Ignored transferring leadership`);
    return;
  }
  const previous = raft.leadTransferee;
  if (previous !== NONE) {
    if (previous === target.id) {
      if (logger !== null) {
        logger.info(
          `${id} [term ${raft.term}] transfer leadership to ${to} is in progress, ignores request to same node ${to}`,
        );
      }
      return;
    }
    raft.leadTransferee = NONE;
    if (logger !== null) {
      logger.info(`${id} [term ${raft.term}] abort previous transferring leadership to ${describeId(previous)}`);
    }
  }
  if (target.id === raft.id) {
    if (logger !== null) logger.debug(`${id} is already leader. Ignored transferring leadership to self`);
    return;
  }
  if (logger !== null) logger.info(`${id} [term ${raft.term}] starts to transfer leadership to ${to}`);
  // The transfer should be done within one election timeout, so that is counted from here.
  raft.electionElapsed = 0;
  raft.leadTransferee = target.id;
  if (target.match === raft.log.last) {
    sendTimeoutNow(raft, target.id);
    if (logger !== null) {
      logger.info(`${id} sends MsgTimeoutNow to ${to} immediately as ${to} already has up-to-date log`);
    }
  } else sendAppend(raft, target, env);
}

/** Leader: the target of a transfer has the whole log now. */
export function finishTransfer(raft: Raft, target: number, env: RaftEnv): void {
  if (env.logger !== null) {
    const to = describeId(target);
    env.logger.info(`${describeId(raft.id)} sent MsgTimeoutNow to ${to} after received MsgAppResp`);
  }
  sendTimeoutNow(raft, target);
}

function sendTimeoutNow(raft: Raft, to: number): void {
  raft.timeoutNowSent = true;
  send(raft, plainMessage(raft, MessageType.MsgTimeoutNow, to, 0, 0, 0));
}
