// The selectors of an action, in one place: to rename members, or to see whom it names.

import type { Action } from "../fault/action.ts";
import type { Selector } from "../fault/selector.ts";

/** The action with every selector of members changed by `change`; selectors of clients pass through it too. */
export function mapSelectors(action: Action, change: (selector: Selector) => Selector): Action {
  switch (action.kind) {
    case "partition": {
      const { shape } = action;
      switch (shape.kind) {
        case "groups":
          return { ...action, shape: { ...shape, groups: shape.groups.map(change) } };
        case "isolate":
        case "bridge":
          return { ...action, shape: { ...shape, on: change(shape.on) } };
        case "links":
          return {
            ...action,
            shape: { ...shape, links: shape.links.map(({ from, to }) => ({ from: change(from), to: change(to) })) },
          };
        default:
          return action;
      }
    }
    case "clientReconnect":
      return { ...action, to: change(action.to) };
    case "transferLeader":
      return { ...action, to: change(action.to) };
    case "clientOp":
      return { ...action, via: change(action.via) };
    default: {
      let changed: Action = action;
      if ("on" in changed) changed = { ...changed, on: change(changed.on) } as Action;
      if ("from" in changed) changed = { ...changed, from: change(changed.from as Selector) } as Action;
      if ("to" in changed) changed = { ...changed, to: change(changed.to as Selector) } as Action;
      return changed;
    }
  }
}
