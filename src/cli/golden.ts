// Digests that this engine version is known for; generated, and held up to date by `test/cli/golden.test.ts`. A change that
// alters any of them alters runs, and raises the engine version.

/** By scenario file, `doctor` for the story that the doctor runs; with each one's own seed. */
export const GOLDEN_DIGESTS: Readonly<Record<string, string>> = {};
