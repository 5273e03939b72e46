// Planted bugs of clients: one boolean each, off in every honest run.

/** Bugs of a client library. */
export interface ClientMutations {
  /** `retry-without-dedup`: whatever was not answered is sent again, whether it may have happened or not. */
  readonly retryWithoutDedup: boolean;
  /** `timeout-reported-as-failure`: what was not answered in time is said to have failed. */
  readonly timeoutReportedAsFailure: boolean;
  /** `lock-without-fencing`: whoever holds a lock does not tell the resource its number. */
  readonly lockWithoutFencing: boolean;
}

/** A correct client. */
export const NO_CLIENT_MUTATIONS: ClientMutations = Object.freeze({
  retryWithoutDedup: false,
  timeoutReportedAsFailure: false,
  lockWithoutFencing: false,
});
