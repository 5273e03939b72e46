// What a command must answer besides its revision, as the model computed it when the command was first applied.

/** Expected answers of one command. */
export type CommandOutcome =
  | { readonly kind: "delete"; readonly deleted: number }
  | { readonly kind: "txn"; readonly succeeded: boolean; readonly reads: readonly ReadOutcome[] }
  | { readonly kind: "refused" };

/** One key read within a transaction; `value` null: absent. Only single-key reads are remembered. */
export interface ReadOutcome {
  /** Position among the responses. */
  readonly at: number;
  readonly key: string;
  readonly value: string | null;
  readonly mod: number;
}
