// Digests that this engine version is known for; generated, and held up to date by `test/cli/golden.test.ts`. A change that
// alters any of them alters runs, and raises the engine version.

/** By scenario file, `doctor` for the story that the doctor runs; with each one's own seed. */
export const GOLDEN_DIGESTS: Readonly<Record<string, string>> = {
  doctor: "cb07af890b96e68d",
  "broken/primary-backup-split-brain.yaml": "29838d199af64f88",
  "election/first-election.yaml": "f8be96a075008e0f",
  "election/leader-crash.yaml": "d381ca4c849a0ac3",
  "network/lossy-slow.yaml": "37cfd09e1fcbfeba",
  "partition/minority-leader-check-quorum.yaml": "1d9c26af86b5ad2c",
  "partition/minority-leader.yaml": "fff0ea5884b6a426",
  "partition/seven-split-four-three.yaml": "11d7a3992995fe9f",
  "partition/six-split-three-three.yaml": "18fc7bf22a16574c",
  "random/everything.yaml": "0c68ed54a022fde5",
  "recovery/restart-all-unsynced.yaml": "2f170025d77ceebc",
  "recovery/snapshot-catch-up.yaml": "1bbbdf2d623369ca",
  "replication/partial-partition.yaml": "bab1ab4939f3a81d",
};
