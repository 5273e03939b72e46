/**
 * Versions of the cluster, of which only major and minor count.
 */

/** `3.5` and `3.5.0` name the same cluster version; null for what is none. */
export function clusterVersionOf(text: string): { readonly major: number; readonly minor: number } | null {
  const parts = /^v?([0-9]+)\.([0-9]+)(?:\.[0-9]+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?)?$/.exec(text);
  return parts === null || text.startsWith("v") ? null : { major: Number(parts[1]), minor: Number(parts[2]) };
}
