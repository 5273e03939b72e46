// Links between members: what is cut, what is lost, delayed, doubled, held. What the messages mean is unknown here. A link is
// one direction; a cut is counted, so that two partitions over the same link heal one by one.

import type { Distribution } from "../kernel/distribution.ts";
import { LINK_STRIDE } from "../kernel/rank.ts";

/** What an active network fault does to the messages of a link that it matches. One shape for all kinds. */
export interface LinkEffect {
  /** The fault this belongs to; healing removes by it. */
  readonly fault: number;
  readonly kind: "drop" | "delay" | "duplicate" | "reorder" | "corrupt" | "bandwidth" | "hold";
  /** Probability per message, in ppm. */
  readonly ppm: number;
  /** Message types it applies to; empty: all. */
  readonly types: readonly string[];
  /** For `delay`: added latency; for `reorder`: the window within which a message is held back. */
  readonly addMicros: number;
  /** For `delay`: drawn on top of `addMicros`; null: nothing. */
  readonly jitter: Distribution | null;
  /** For `delay`: how much of the last drawn jitter carries over, in ppm. */
  readonly correlationPpm: number;
  /** For `duplicate`: copies beside the original. */
  readonly copies: number;
  /** For `bandwidth`: bytes per second, and how many bytes may wait (0: no bound). */
  readonly bytesPerSecond: number;
  readonly bufferBytes: number;
}

/** A message kept back by a `hold`. */
export interface HeldMessage {
  readonly fault: number;
  readonly message: unknown;
}

/** One direction between two members. */
export interface Link {
  /** Number of faults that cut it; messages pass only while it is 0, at sending and at delivery. */
  cuts: number;
  /** Number of certificates that keep whoever connects here out: connections are refused, not lost. */
  denied: number;
  effects: LinkEffect[];
  held: HeldMessage[];
  /** Delivery time of the latest message, for links that keep order. */
  lastAtMicros: number;
  /** Until when the link is busy sending, for `bandwidth`. */
  busyUntilMicros: number;
  /** Last drawn jitter, for correlated delay. */
  lastJitterMicros: number;
}

/** All links, `links[from][to]`; made when first used. */
export interface Network {
  links: (Link | undefined)[][];
  /** Connections of clients, one a direction; only those that carry a stream or that a fault touched. See `clientLinkKey`. */
  clientLinks: Map<number, Link>;
}

/** A network on which nothing has been sent yet. */
export function createNetwork(): Network {
  return { links: [], clientLinks: new Map() };
}

/** Names one direction between a client and a member: to the client, or from it. */
export function clientLinkKey(client: number, member: number, toClient: boolean): number {
  return (client * LINK_STRIDE + member) * 2 + (toClient ? 1 : 0);
}

/** What a key names. */
export function clientLinkOf(key: number): { client: number; member: number; toClient: boolean } {
  const pair = key >> 1;
  return { client: Math.floor(pair / LINK_STRIDE), member: pair % LINK_STRIDE, toClient: (key & 1) === 1 };
}

/** One direction between a client and a member, made if it is not there. */
export function clientLink(network: Network, key: number): Link {
  const known = network.clientLinks.get(key);
  if (known !== undefined) return known;
  const link = createLink();
  network.clientLinks.set(key, link);
  return link;
}

function createLink(): Link {
  return { cuts: 0, denied: 0, effects: [], held: [], lastAtMicros: 0, busyUntilMicros: 0, lastJitterMicros: 0 };
}

/** The link from one member to another. */
export function linkOf(network: Network, from: number, to: number): Link {
  const row = network.links[from];
  if (row !== undefined) {
    const link = row[to];
    if (link !== undefined) return link;
  }
  return makeLink(network, from, to);
}

function makeLink(network: Network, from: number, to: number): Link {
  while (network.links.length <= from) network.links.push([]);
  const row = network.links[from] as (Link | undefined)[];
  while (row.length <= to) row.push(undefined);
  const link = createLink();
  row[to] = link;
  return link;
}

/** True while no fault cuts the link. */
export function isOpen(network: Network, from: number, to: number): boolean {
  return linkOf(network, from, to).cuts === 0;
}

/** A directed pair of members. */
export interface LinkName {
  readonly from: number;
  readonly to: number;
}

/** Directed links that a partition into groups cuts: all between members of different groups. */
export function linksBetweenGroups(groups: readonly (readonly number[])[]): LinkName[] {
  const links: LinkName[] = [];
  for (const [i, group] of groups.entries()) {
    for (const [j, other] of groups.entries()) {
      if (i === j) continue;
      for (const from of group) for (const to of other) if (from !== to) links.push({ from, to });
    }
  }
  return links;
}

/** Links cut by a bridge: two halves that see each other only through `bridge`, which sees all. After Jepsen's `bridge`. */
export function linksOfBridge(bridge: number, left: readonly number[], right: readonly number[]): LinkName[] {
  return linksBetweenGroups([left.filter((m) => m !== bridge), right.filter((m) => m !== bridge)]);
}

/**
 * Links cut by a majorities ring: each member sees only its nearest neighbours on a ring, just enough of them for a
 * majority, and no two members see the same one; of three members each needs both others, and nothing is cut. After Jepsen's
 * `majorities-ring`.
 */
export function linksOfRing(members: readonly number[]): LinkName[] {
  const n = members.length;
  const reach = Math.ceil(Math.floor(n / 2) / 2);
  const links: LinkName[] = [];
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const distance = Math.min((i - j + n) % n, (j - i + n) % n);
      if (i !== j && distance > reach) links.push({ from: members[i] as number, to: members[j] as number });
    }
  }
  return links;
}

/** Cuts links; each cut is undone by one `mendLinks` with the same links. */
export function cutLinks(network: Network, links: readonly LinkName[]): void {
  for (const { from, to } of links) linkOf(network, from, to).cuts++;
}

/** Takes one cut off each link. */
export function mendLinks(network: Network, links: readonly LinkName[]): void {
  for (const { from, to } of links) {
    const link = linkOf(network, from, to);
    if (link.cuts > 0) link.cuts--;
  }
}

/** Puts an effect on links. */
export function addEffect(network: Network, links: readonly LinkName[], effect: LinkEffect): void {
  for (const { from, to } of links) linkOf(network, from, to).effects.push(effect);
}

/** Takes the effects of a fault off all links; returns the messages it held, with their links, oldest first on each. */
export function removeEffects(network: Network, fault: number): { from: number; to: number; message: unknown }[] {
  const released: { from: number; to: number; message: unknown }[] = [];
  for (let from = 0; from < network.links.length; from++) {
    const row = network.links[from] as (Link | undefined)[];
    for (let to = 0; to < row.length; to++) {
      const link = row[to];
      if (link === undefined) continue;
      if (link.effects.some((effect) => effect.fault === fault)) {
        link.effects = link.effects.filter((effect) => effect.fault !== fault);
      }
      if (link.held.some((held) => held.fault === fault)) {
        for (const held of link.held) if (held.fault === fault) released.push({ from, to, message: held.message });
        link.held = link.held.filter((held) => held.fault !== fault);
      }
    }
  }
  return released;
}

/** The same for the connections of clients; `key` names the direction. */
export function removeClientEffects(network: Network, fault: number): { key: number; message: unknown }[] {
  const released: { key: number; message: unknown }[] = [];
  for (const key of [...network.clientLinks.keys()].sort((a, b) => a - b)) {
    const link = network.clientLinks.get(key) as Link;
    if (link.effects.length > 0) link.effects = link.effects.filter((effect) => effect.fault !== fault);
    if (link.held.length === 0) continue;
    for (const held of link.held) if (held.fault === fault) released.push({ key, message: held.message });
    link.held = link.held.filter((held) => held.fault !== fault);
  }
  return released;
}

/** Index of a link in flat tables of the context. */
export function linkIndex(from: number, to: number): number {
  return from * LINK_STRIDE + to;
}

/** A copy of the links that lead away from one member. */
export function cloneLinks(row: readonly (Link | undefined)[]): (Link | undefined)[] {
  return row.map((link) => (link === undefined ? undefined : cloneLink(link)));
}

/** A copy of the connections of clients. */
export function cloneClientLinks(links: ReadonlyMap<number, Link>): Map<number, Link> {
  const copy = new Map<number, Link>();
  for (const [key, link] of links) copy.set(key, cloneLink(link));
  return copy;
}

function cloneLink(link: Link): Link {
  return { ...link, effects: link.effects.slice(), held: link.held.slice() };
}

/** A copy that shares nothing that changes. */
export function cloneNetwork(network: Network): Network {
  return {
    links: network.links.map(cloneLinks),
    clientLinks: cloneClientLinks(network.clientLinks),
  };
}
