/**
 * Versions of the cluster, of which only major and minor count.
 */

/** What two versions of etcd must have in common to be one to a cluster. */
export interface ClusterVersion {
  readonly major: number;
  readonly minor: number;
}

/** Negative where `a` is the older one, 0 where both are the same to a cluster. */
export function compareVersions(a: ClusterVersion, b: ClusterVersion): number {
  return a.major === b.major ? a.minor - b.minor : a.major - b.major;
}

/** `3.5` and `3.5.0` name the same cluster version; null for what is none. */
export function clusterVersionOf(text: string): ClusterVersion | null {
  const parts = /^v?([0-9]+)\.([0-9]+)(?:\.[0-9]+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?)?$/.exec(text);
  return parts === null || text.startsWith("v") ? null : { major: Number(parts[1]), minor: Number(parts[2]) };
}
