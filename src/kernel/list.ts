// Lists of objects that are filled and emptied over and over, such as a member's outbox. To set the length of an array to 0
// is a call into the engine that also throws its storage away; and an array that has never held an object is of another
// hidden class than one that has, which costs compiled code where both come by.

const SAMPLE: object = Object.freeze({});

/** An empty list for objects, of the same hidden class before it holds the first. */
export function createList<T extends object | null>(): T[] {
  const list: object[] = [SAMPLE];
  list.pop();
  return list as T[];
}

/** Takes everything out of `list`, which keeps its storage. */
export function clearList(list: unknown[]): void {
  while (list.length > 0) list.pop();
}
