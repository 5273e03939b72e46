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

/** Takes the item at `at` out of `list`; what stands behind it moves up. For short lists, without the list that `splice` makes. */
export function removeAt(list: unknown[], at: number): void {
  for (let i = at + 1; i < list.length; i++) list[i - 1] = list[i];
  list.pop();
}

/** Takes the first `count` items out of `list`. For short lists, as `removeAt`. */
export function dropFirst(list: unknown[], count: number): void {
  for (let i = count; i < list.length; i++) list[i - count] = list[i];
  for (let i = 0; i < count; i++) list.pop();
}
