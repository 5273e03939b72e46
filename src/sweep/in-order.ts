// Work that is shared out among hands and handed on in its order, whoever is done first: what comes of it does not depend on how
// many hands there are.

/** Results that may wait for an earlier one, for each hand. */
const AHEAD = 8;

/** How often somebody who waits looks up. */
const LOOK_MILLIS = 50;

/**
 * Has `work` done on everything that `things` gives, by `hands` at a time, and gives each result to `take` in the order of the
 * things. Ends when `take` says that it is enough (true), or as soon as `stopped` says so: what is done by then and has nothing
 * undone before it is handed on, nobody waits for the rest. True: it came to the end of the things.
 */
export async function inOrder<Thing, Result>(
  things: Iterator<Thing>,
  hands: number,
  work: (thing: Thing) => Promise<Result>,
  take: (result: Result) => boolean,
  stopped: () => boolean,
): Promise<boolean> {
  const line: Promise<Result>[] = [];
  let busy = 0;
  let over = false;
  const begin = (): void => {
    while (!over && busy < hands && line.length < hands * AHEAD && !stopped()) {
      const next = things.next();
      if (next.done === true) return;
      busy++;
      const result = work(next.value).finally(() => {
        busy--;
        begin();
      });
      // Its failure is met when its turn comes; until then it must not end the process.
      result.catch(() => {});
      line.push(result);
    }
  };
  try {
    for (;;) {
      begin();
      const head = line.shift();
      if (head === undefined) return !stopped();
      const result = await unlessStopped(head, stopped);
      if (result === null || take(result.value)) return false;
    }
  } finally {
    over = true;
  }
}

/** What the promise gives, or null as soon as `stopped` says so: a thread is not waited for. */
export async function unlessStopped<T>(promise: Promise<T>, stopped: () => boolean): Promise<{ value: T } | null> {
  let timer: NodeJS.Timeout | undefined;
  const stop = new Promise<null>((resolve) => {
    timer = setInterval(() => stopped() && resolve(null), LOOK_MILLIS);
  });
  try {
    return await Promise.race([promise.then((value) => ({ value })), stop]);
  } finally {
    clearInterval(timer);
  }
}
